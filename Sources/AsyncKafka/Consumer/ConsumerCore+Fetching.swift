// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Plans fetches from the partitions' positions, within the limit of the buffer.
extension ConsumerCore: FetchSource {
    func brokersToFetchFrom(now: MonotonicTime) -> (brokers: Set<Int32>, next: MonotonicTime?) {
        self.state.withLock {
            ($0.subscriptions.sources(now: now), $0.subscriptions.nextReturnToLeader(now: now))
        }
    }

    func planFetch(from broker: Int32, now: MonotonicTime) -> FetchPlan {
        self.state.withLock { $0.subscriptions.planFetch(from: broker, now: now) }
    }

    func planFetchesBeside(now: MonotonicTime) -> (fetches: [FetchBeside], next: MonotonicTime?) {
        self.state.withLock { $0.subscriptions.planFetchesBeside(now: now) }
    }

    func fetchEnded(_ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ result: FetchResult) {
        let now = self.loop.now
        let isObserved = self.events.observer != nil
        let (wakening, fetched) = self.state.withLock { state -> (Wakening, [KafkaEvent.PartitionFetched]) in
            var fetched: [KafkaEvent.PartitionFetched] = []
            var wakening = state.subscriptions.fetchEnded(
                fetches, maximumBytes: maximumBytes, from: broker, now: now)
            switch result {
            case .answered(let answers):
                let bytes = answers.reduce(0) { $0 + ($1.answer.chunk?.byteCount ?? 0) }
                state.tally.fetched(bytes, now: now)
                let whole = FetchedAnswer(byteCount: bytes, in: state.subscriptions.held)
                let byPartition = Dictionary(fetches.map { ($0.partition, $0) }) { $1 }
                for (partition, answer) in answers {
                    guard let fetch = byPartition[partition] else { continue }
                    wakening.formUnion(
                        state.subscriptions.fetched(
                            fetch, answer, of: whole, from: broker, now: now, backoff: self.cluster.backoff(failures: 1)
                        ))
                    guard isObserved, answer.error == .none else { continue }
                    fetched.append(
                        KafkaEvent.PartitionFetched(
                            topicPartition: partition, brokerID: broker, bytes: answer.chunk?.byteCount ?? 0,
                            lag: state.subscriptions.lag(of: partition)))
                }
            case .rejected(.fetchSessionTopicIdError), .rejected(.unknownTopicId): wakening.insert(.metadata)
            case .rejected, .failed: break
            }
            return (wakening, fetched)
        }
        for event in fetched { self.events(.partitionFetched(event)) }
        self.tellOfPartitions()
        self.wake(wakening)
    }

    func fetchAgain(_ fetches: [PlannedFetch], at time: MonotonicTime) {
        self.state.withLock { $0.subscriptions.fetchFailed(fetches, retryAt: time) }
        self.wake([.fetchers])
    }

    func delayFetch(_ fetches: [PlannedFetch], until time: MonotonicTime) {
        self.state.withLock { $0.subscriptions.delay(fetches, until: time) }
    }

    func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError, retryAt time: MonotonicTime) {
        self.wake(self.state.withLock { $0.subscriptions.answerTooLarge(fetches, error, retryAt: time) })
    }

    func brokerFailed(_ error: KafkaError, fetching fetches: [PlannedFetch]) {
        let now = self.loop.now
        self.state.withLock { state in
            for fetch in fetches where state.subscriptions.partitions[fetch.partition]?.incarnation == fetch.incarnation
            {
                // The fetcher logs the broker's failure.
                state.subscriptions.refused(fetch.partition, error, now: now, isToldElsewhere: true)
            }
        }
        guard !error.isRetriable else { return self.wake([.metadata]) }
        self.state.withLock { $0.report(error) }
        self.wake([.reader])
    }
}

extension ConsumerConfiguration {
    var fetchSettings: FetchSettings {
        FetchSettings(maxWait: self.fetchMaxWait, minBytes: self.fetchMinBytes, isolationLevel: self.isolationLevel)
    }
}
