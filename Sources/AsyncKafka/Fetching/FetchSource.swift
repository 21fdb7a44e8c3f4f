// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Says what is to be fetched, and takes what has come. A consumer goes by its positions.
protocol FetchSource: Sendable {
    /// The brokers to fetch from, and when to look at them again if nobody wakes the fetcher before.
    func brokersToFetchFrom(now: MonotonicTime) -> (brokers: Set<Int32>, next: MonotonicTime?)

    /// What to fetch from a broker now, which is on its way from then on.
    func planFetch(from broker: Int32, now: MonotonicTime) -> FetchPlan

    /// What to ask brokers for although each is at work on a fetch; otherwise when there will be something.
    func planFetchesBeside(now: MonotonicTime) -> (fetches: [FetchBeside], next: MonotonicTime?)

    /// A fetch has ended: what became of it.
    func fetchEnded(_ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ result: FetchResult)

    /// What was asked for is asked for again at that time.
    func fetchAgain(_ fetches: [PlannedFetch], at time: MonotonicTime)

    /// What was asked for has nothing new, and is not asked for before that time.
    func delayFetch(_ fetches: [PlannedFetch], until time: MonotonicTime)

    /// The answer was larger than this client takes, and was not read.
    func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError, retryAt time: MonotonicTime)

    /// A broker can't be asked, for a reason that time won't cure, or that new metadata may.
    func brokerFailed(_ error: KafkaError)
}

/// What a fetch has to ask one broker for.
enum FetchPlan: Sendable {
    case fetch([PlannedFetch], maximumBytes: Int)
    /// Nothing now; look again at the time if there is one, or when woken.
    case wait(until: MonotonicTime?)
}

/// One partition in a fetch, and how its source knows that the answer is not out of date.
struct PlannedFetch: Sendable {
    var partition: TopicPartition
    var request: FetchSession.Partition
    /// The source's own mark of what was asked for.
    var incarnation: Int
    /// The number of the fetch.
    var fetch: Int
    /// Whether it is asked for beside another fetch.
    var isBeside = false
    /// Whether it is asked for alone, since the answer may be larger than this client takes.
    var isAlone = false
}

/// A fetch of partitions whose broker is at work on another one already.
struct FetchBeside: Sendable {
    var broker: Int32
    var fetches: [PlannedFetch]
    var maximumBytes: Int
}

/// What a broker answered for one partition.
struct FetchAnswer: Sendable {
    var error = ErrorCode.none
    var highWatermark: Int64 = -1
    var lastStableOffset: Int64 = -1
    var logStartOffset: Int64 = -1
    var preferredReplica: Int32 = -1
    var chunk: FetchedChunk?
}

/// What became of a fetch.
enum FetchResult: Sendable {
    /// The broker's answers, partition by partition.
    case answered([(partition: TopicPartition, answer: FetchAnswer)])
    /// The broker refused the session or its topics; nothing of the answer may be used.
    case rejected(ErrorCode)
    /// There was no answer, or none that may be used.
    case failed
}
