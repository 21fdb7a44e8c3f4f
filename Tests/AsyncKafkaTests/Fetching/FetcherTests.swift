// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A fetcher serves any source, not only a consumer's positions.
@Suite(.timeLimit(.minutes(1))) struct FetcherTests {
    /// Plans one fetch of one partition from an offset.
    private final class OneFetch: FetchSource {
        private let isPlanned = Lock(false)
        private let fetch: PlannedFetch
        let result = Promise<FetchResult>()

        init(_ partition: TopicPartition, from offset: Int64) {
            self.fetch = PlannedFetch(
                partition: partition, request: FetchSession.Partition(fetchOffset: offset, maximumBytes: 1 << 20),
                incarnation: 0, fetch: 1)
        }

        func brokersToFetchFrom(now: MonotonicTime) -> (brokers: Set<Int32>, next: MonotonicTime?) { ([1], nil) }

        func planFetch(from broker: Int32, now: MonotonicTime) -> FetchPlan {
            let isFirst = self.isPlanned.withLock { isPlanned in
                defer { isPlanned = true }
                return !isPlanned
            }
            return isFirst ? .fetch([self.fetch], maximumBytes: 1 << 20) : .wait(until: nil)
        }

        func planFetchesBeside(now: MonotonicTime) -> (fetches: [FetchBeside], next: MonotonicTime?) { ([], nil) }

        func fetchEnded(_ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ result: FetchResult) {
            self.result.fulfill(.success(result))
        }

        func fetchAgain(_ fetches: [PlannedFetch], at time: MonotonicTime) {}
        func delayFetch(_ fetches: [PlannedFetch], until time: MonotonicTime) {}
        func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError, retryAt time: MonotonicTime) {}
        func brokerFailed(_ error: KafkaError, fetching fetches: [PlannedFetch]) {}
    }

    @Test func aFetcherFetchesWhatItsSourcePlans() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 4)
            let partition = TopicPartition("t", 0)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                // Any client's cluster can be used.
                let cluster = producer.sender.cluster
                _ = try await cluster.topic("t", deadline: cluster.loop.now + .seconds(20))
                let source = OneFetch(partition, from: 2)
                let fetcher = Fetcher(
                    source, FetchSettings(maxWait: .milliseconds(100), minBytes: 1, isolationLevel: .readUncommitted),
                    cluster, cluster.logger, loops: FetcherTable())
                let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { await fetcher.run() }
                    defer { tasks.cancelAll() }
                    return try await source.result.value(until: cluster.loop.now + .seconds(20), on: cluster.loop) {
                        KafkaError(.timedOut, "Nothing was fetched.")
                    }
                }
                guard case .answered(let answers) = result else {
                    Issue.record("\(result)")
                    return
                }
                #expect(answers.map(\.partition) == [partition])
                #expect(answers.first?.answer.highWatermark == 4)
                #expect(answers.first?.answer.chunk?.end?.offset == 4)
            }
        }
    }
}
