// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Decides what is fetched, and processes the results. A consumer's source follows its positions.
protocol FetchSource: Sendable {
    /// Returns the brokers to fetch from, and the time at which they change if the fetcher isn't woken before.
    func brokersToFetchFrom(now: MonotonicTime) -> (brokers: Set<Int32>, next: MonotonicTime?)

    /// Plans the next fetch from a broker. The fetch counts as in flight from then on.
    func planFetch(from broker: Int32, now: MonotonicTime) -> FetchPlan

    /// Plans fetches from brokers that already have one in flight, or returns when one will be due.
    func planFetchesBeside(now: MonotonicTime) -> (fetches: [FetchBeside], next: MonotonicTime?)

    /// Processes the result of a fetch.
    func fetchEnded(_ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ result: FetchResult)

    /// Schedules the next attempt of a fetch that failed.
    func fetchAgain(_ fetches: [PlannedFetch], at time: MonotonicTime)

    /// Delays the next fetch of partitions that have nothing new.
    func delayFetch(_ fetches: [PlannedFetch], until time: MonotonicTime)

    /// Handles an answer that exceeded `maxResponseSize` and was not read.
    func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError, retryAt time: MonotonicTime)

    /// Handles the failure of a request to a broker. If the error is retriable, metadata may name another leader.
    func brokerFailed(_ error: KafkaError, fetching fetches: [PlannedFetch])
}

/// The next fetch from one broker.
enum FetchPlan: Sendable {
    case fetch([PlannedFetch], maximumBytes: Int)
    /// Nothing to fetch now. Plan again at this time, or when woken.
    case wait(until: MonotonicTime?)
}

/// One partition in a fetch, with the numbers by which its source recognizes an outdated answer.
struct PlannedFetch: Sendable {
    var partition: TopicPartition
    var request: FetchSession.Partition
    /// The incarnation of the partition's position, which the source increments when it moves the position.
    var incarnation: Int
    /// The number of the fetch.
    var fetch: Int
    /// Whether the partition is requested beside another fetch.
    var isBeside = false
    /// Whether the partition is requested alone, because the answer may exceed the maximum response size.
    var isAlone = false
}

/// A fetch beside another: the broker already processes a fetch of other partitions.
struct FetchBeside: Sendable {
    var broker: Int32
    var fetches: [PlannedFetch]
    var maximumBytes: Int
}

/// A broker's answer for one partition.
struct FetchAnswer: Sendable {
    var error = ErrorCode.none
    var highWatermark: Int64 = -1
    var lastStableOffset: Int64 = -1
    var logStartOffset: Int64 = -1
    var preferredReplica: Int32 = -1
    var chunk: FetchedChunk?
}

/// The result of a fetch.
enum FetchResult: Sendable {
    /// The broker's answers by partition.
    case answered([(partition: TopicPartition, answer: FetchAnswer)])
    /// The broker refused the session or its topics. Nothing in the answer is valid.
    case rejected(ErrorCode)
    /// There was no valid answer.
    case failed
}
