// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Fetches records ahead of the reader, as far as `SubscriptionState` wants them.
final class Fetcher: Sendable {
    private let core: ConsumerCore
    /// Wakes the loop of each broker, and the one that begins them.
    private let loops: FetcherTable

    init(_ core: ConsumerCore, _ loops: FetcherTable) {
        self.core = core
        self.loops = loops
    }

    /// Keeps a loop going for each broker that partitions are read from, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (brokers, next) = self.core.state.withLock { state in
                    let now = self.core.loop.now
                    return (state.subscriptions.sources(now: now), state.subscriptions.nextReturnToLeader(now: now))
                }
                for (broker, signal) in self.loops.add(brokers) {
                    group.addTask(executorPreference: self.core.loop) {
                        await self.fetch(from: broker, wokenBy: signal)
                    }
                }
                let beside = self.core.state.withLock { $0.subscriptions.planFetchesBeside(now: self.core.loop.now) }
                for fetch in beside.fetches {
                    group.addTask(executorPreference: self.core.loop) { await self.fetch(fetch) }
                }
                await self.loops.signal.wait(until: [next, beside.next].compactMap { $0 }.min(), on: self.core.loop)
                if let next, next <= self.core.loop.now { self.loops.wakeAll() }
            }
        }
    }

    /// Fetches from one broker, one request at a time, whenever the buffer has room.
    private func fetch(from broker: Int32, wokenBy signal: Signal) async {
        var session = FetchSession()
        var pacing = FetchPacing()
        var failures = 0
        var report = FailureReport(patience: .seconds(3))
        while !Task.isCancelled {
            let plan = self.core.state.withLock { $0.subscriptions.planFetch(from: broker, now: self.core.loop.now) }
            switch plan {
            case .wait(let time):
                await signal.wait(until: time, on: self.core.loop)
            case .fetch(let fetches, let maximumBytes):
                do throws(KafkaError) {
                    let outcome = try await self.fetch(
                        fetches, maximumBytes: maximumBytes, from: broker, &session, &pacing)
                    guard let refusal = outcome.refusal else {
                        failures = 0
                        if report.succeeded() {
                            self.core.logger(.info, "Records are fetched again", [(.broker, "\(broker)")])
                        }
                        continue
                    }
                    failures += 1
                    self.complain(of: refusal, broker, &report)
                    // One new session is begun at once, the next ones are not.
                    guard failures > 1 else { continue }
                    let time = self.core.loop.now + self.core.cluster.backoff(failures: failures)
                    self.core.state.withLock { $0.subscriptions.fetchFailed(fetches, retryAt: time) }
                    self.core.wake([.fetchers])
                } catch {
                    session.failed()
                    failures += 1
                    self.core.state.withLock { state in
                        _ = state.subscriptions.fetchEnded(
                            fetches, maximumBytes: maximumBytes, from: broker, now: self.core.loop.now)
                    }
                    if error.isAnswerTooLarge {
                        self.answerTooLarge(fetches, error)
                        continue
                    }
                    self.complain(of: error, broker, &report)
                    let time = self.core.loop.now + self.core.cluster.backoff(failures: failures)
                    self.core.state.withLock { state in
                        state.subscriptions.fetchFailed(fetches, retryAt: time)
                        if !error.isRetriable { state.report(error) }
                    }
                    self.core.wake(error.isRetriable ? [.metadata, .fetchers] : [.reader, .fetchers])
                }
            }
        }
        self.close(&session, broker)
    }

    private func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError) {
        self.core.logger(
            .debug, "The answer to a Fetch is too large; its partitions are asked for one by one",
            [(.partitions, fetches.map(\.partition).names), (.error, error.description)])
        // Its connection was closed for it. What is known to be too large is not asked for at each turn.
        let time = self.core.loop.now + self.core.configuration.cluster.retryBackoffMax
        self.core.wake(self.core.state.withLock { $0.subscriptions.answerTooLarge(fetches, error, retryAt: time) })
    }

    private func complain(of error: KafkaError, _ broker: Int32, _ report: inout FailureReport) {
        let isNews = report.failed(now: self.core.loop.now) != nil
        self.core.logger(
            isNews ? .warning : .debug, "Records can't be fetched from a broker; trying again",
            [(.broker, "\(broker)"), (.error, error.description)])
    }

    private func fetch(
        _ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ session: inout FetchSession,
        _ pacing: inout FetchPacing
    ) async throws(KafkaError) -> FetchSession.Outcome {
        let connection = try await self.core.cluster.connection(
            to: broker, for: .fetch, deadline: self.core.loop.now + self.core.configuration.cluster.requestTimeout)
        if fetches.first?.isAlone == true {
            return try await self.askApart(fetches, maximumBytes: maximumBytes, of: broker, on: connection)
        }
        let asked = self.core.loop.now
        let (outcome, response) = try await self.ask(
            fetches, maximumBytes: maximumBytes, of: broker, on: connection, &session)
        let step = pacing.answered(
            isEmpty: outcome == .accepted && response.isEmpty, asked: asked, now: self.core.loop.now,
            maximumWait: self.core.configuration.fetchMaxWait, backoff: self.core.cluster.backoff)
        if let time = step.notBefore { self.core.state.withLock { $0.subscriptions.delay(fetches, until: time) } }
        if step.isNews {
            self.core.logger(
                .warning, "The broker answers fetches at once although it has nothing; they are sent more slowly",
                [(.broker, "\(broker)")])
        }
        return outcome
    }

    /// Asks for what must not wait until the fetch that the broker is at work on ends: on another connection, where it is
    /// answered at once.
    private func fetch(_ plan: FetchBeside) async {
        do throws(KafkaError) {
            let connection = try await self.core.cluster.connection(
                to: plan.broker, deadline: self.core.loop.now + self.core.configuration.cluster.requestTimeout)
            let outcome = try await self.askApart(
                plan.fetches, maximumBytes: plan.maximumBytes, of: plan.broker, on: connection)
            guard outcome != .accepted else { return }
            let time = self.core.loop.now + self.core.cluster.backoff(failures: 1)
            self.core.state.withLock { $0.subscriptions.fetchFailed(plan.fetches, retryAt: time) }
            self.core.wake([.fetchers])
        } catch {
            let now = self.core.loop.now
            self.core.state.withLock { state in
                _ = state.subscriptions.fetchEnded(
                    plan.fetches, maximumBytes: plan.maximumBytes, from: plan.broker, now: now)
            }
            if error.isAnswerTooLarge { return self.answerTooLarge(plan.fetches, error) }
            // The broker's own fetch will tell, too.
            self.core.logger(
                .debug, "A fetch beside another one failed",
                [(.broker, "\(plan.broker)"), (.error, error.description)])
            let time = now + self.core.cluster.backoff(failures: 1)
            self.core.state.withLock { $0.subscriptions.fetchFailed(plan.fetches, retryAt: time) }
            self.core.wake([.fetchers])
        }
    }

    /// Asks outside of the broker's session, and for what is there: the broker does not wait for more.
    private func askApart(
        _ fetches: [PlannedFetch], maximumBytes: Int, of broker: Int32, on connection: BrokerConnection
    ) async throws(KafkaError) -> FetchSession.Outcome {
        var session = FetchSession()
        return try await self.ask(
            fetches, maximumBytes: maximumBytes, of: broker, on: connection, &session, isApart: true
        ).outcome
    }

    /// Sends one request, and takes its answer.
    private func ask(
        _ fetches: [PlannedFetch], maximumBytes: Int, of broker: Int32, on connection: BrokerConnection,
        _ session: inout FetchSession, isApart: Bool = false
    ) async throws(KafkaError) -> (outcome: FetchSession.Outcome, response: FetchResponse) {
        var planned = session.begin(
            wanted: fetches.map { ($0.partition, $0.request) },
            knowsTopicIDs: connection.versions.supports(FetchRequest.self, version: 13))
        if isApart { planned.sessionEpoch = FetchSession.closing }
        let version = try connection.versions.version(
            for: FetchRequest.self, atMost: planned.usesTopicIDs ? nil : 12)
        var request = self.fetchRequest(planned, version: version, maximumBytes: maximumBytes)
        if isApart { request.maxWaitMs = 0 }
        let promise = Promise<FetchResponse>()
        connection.submit(request, version: version, timeout: self.core.configuration.cluster.requestTimeout) {
            promise.fulfill($0)
        }
        let response = try await promise.value()
        let outcome = self.take(response, to: planned, fetches, maximumBytes: maximumBytes, from: broker, &session)
        return (outcome, response)
    }

    private func fetchRequest(_ planned: FetchSession.Request, version: Int16, maximumBytes: Int) -> FetchRequest {
        var request = FetchRequest()
        request.maxWaitMs = self.core.configuration.fetchMaxWait.wholeMilliseconds
        request.minBytes = Int32(clamping: self.core.configuration.fetchMinBytes)
        request.maxBytes = Int32(clamping: maximumBytes)
        request.isolationLevel = self.core.configuration.isolationLevel.rawValue
        if version >= 7 {
            request.sessionId = planned.sessionID
            request.sessionEpoch = planned.sessionEpoch
            for (partition, topicID) in planned.forgotten {
                if let last = request.forgottenTopicsData.indices.last,
                    version >= 13
                        ? request.forgottenTopicsData[last].topicId == topicID
                        : request.forgottenTopicsData[last].topic == partition.topic
                {
                    request.forgottenTopicsData[last].partitions.append(partition.partition)
                } else {
                    var topic = FetchRequest.ForgottenTopic()
                    if version >= 13 { topic.topicId = topicID } else { topic.topic = partition.topic }
                    topic.partitions = [partition.partition]
                    request.forgottenTopicsData.append(topic)
                }
            }
        }
        if version >= 11 { request.rackId = self.core.configuration.cluster.rack ?? "" }
        for (partition, wanted) in planned.partitions {
            var entry = FetchRequest.FetchPartition()
            entry.partition = partition.partition
            entry.fetchOffset = wanted.fetchOffset
            entry.partitionMaxBytes = wanted.maximumBytes
            if version >= 9 { entry.currentLeaderEpoch = wanted.leaderEpoch }
            // Partitions keep their order, so that a topic may be named more than once.
            if let last = request.topics.indices.last,
                version >= 13
                    ? request.topics[last].topicId == wanted.topicID : request.topics[last].topic == partition.topic
            {
                request.topics[last].partitions.append(entry)
            } else {
                var topic = FetchRequest.FetchTopic()
                if version >= 13 { topic.topicId = wanted.topicID } else { topic.topic = partition.topic }
                topic.partitions = [entry]
                request.topics.append(topic)
            }
        }
        return request
    }

    private func take(
        _ response: FetchResponse, to planned: FetchSession.Request, _ fetches: [PlannedFetch], maximumBytes: Int,
        from broker: Int32, _ session: inout FetchSession
    ) -> FetchSession.Outcome {
        var answers: [(TopicPartition, FetchAnswer)] = []
        var leaders: [(partition: TopicPartition, leader: Int32, leaderEpoch: Int32)] = []
        for topic in response.responses {
            let name = planned.usesTopicIDs && topic.topic.isEmpty ? session.topic(id: topic.topicId) : topic.topic
            guard let name else { continue }
            for data in topic.partitions {
                let partition = TopicPartition(name, data.partitionIndex)
                answers.append((partition, FetchAnswer(data)))
                if data.currentLeader.leaderId >= 0 {
                    leaders.append((partition, data.currentLeader.leaderId, data.currentLeader.leaderEpoch))
                }
            }
        }
        let outcome = session.answered(
            planned, error: response.errorCode, sessionID: response.sessionId, partitions: answers.map(\.0),
            isThrottled: response.throttleTimeMs > 0)

        let now = self.core.loop.now
        let wakening: Wakening = self.core.state.withLock { state in
            var wakening = state.subscriptions.fetchEnded(
                fetches, maximumBytes: maximumBytes, from: broker, now: now)
            switch outcome {
            case .accepted:
                break
            case .rejected(let error):
                if error == .fetchSessionTopicIdError || error == .unknownTopicId { wakening.insert(.metadata) }
                return wakening
            case .malformed:
                return wakening
            }
            let byPartition = Dictionary(fetches.map { ($0.partition, $0) }) { $1 }
            for (partition, answer) in answers {
                guard let fetch = byPartition[partition] else { continue }
                wakening.formUnion(
                    state.subscriptions.fetched(
                        fetch, answer, from: broker, now: now, backoff: self.core.cluster.backoff(failures: 1)))
            }
            return wakening
        }
        if !leaders.isEmpty {
            self.core.cluster.updateLeaders(
                leaders,
                endpoints: response.nodeEndpoints.map {
                    Broker(id: $0.nodeId, host: $0.host, port: Int($0.port), rack: $0.rack)
                })
        }
        self.core.tellOfPartitions()
        self.core.wake(wakening)
        return outcome
    }

    /// Lets the broker forget the session. Best effort: it would forget it in time anyway.
    private func close(_ session: inout FetchSession, _ broker: Int32) {
        guard let connection = self.core.cluster.connectionIfOpen(to: broker, for: .fetch), let last = session.close(),
            let version = try? connection.versions.version(
                for: FetchRequest.self, atMost: last.usesTopicIDs ? nil : 12)
        else { return }
        connection.submit(
            self.fetchRequest(last, version: version, maximumBytes: 0), version: version,
            timeout: self.core.configuration.cluster.requestTimeout
        ) { _ in }
    }
}

extension FetchSession.Outcome {
    /// Why nothing of the answer may be used.
    fileprivate var refusal: KafkaError? {
        switch self {
        case .accepted: nil
        case .rejected(let code): KafkaError(code, doing: "fetching records")
        case .malformed:
            KafkaError(.protocolError, "The answer to a Fetch names other partitions than were asked for.")
        }
    }
}

extension FetchResponse {
    /// Whether it tells nothing: no records, no error, no other replica.
    fileprivate var isEmpty: Bool {
        self.errorCode == .none && self.throttleTimeMs == 0
            && self.responses.allSatisfy { topic in
                topic.partitions.allSatisfy { data in
                    data.errorCode == .none && data.preferredReadReplica < 0
                        && (data.records?.allSatisfy(\.isEmpty) ?? true)
                }
            }
    }
}

extension FetchAnswer {
    init(_ data: FetchResponse.PartitionData) {
        self.init(
            error: data.errorCode, highWatermark: data.highWatermark, lastStableOffset: data.lastStableOffset,
            logStartOffset: data.logStartOffset, preferredReplica: data.preferredReadReplica)
        guard let records = data.records?.first, !records.isEmpty else { return }
        self.chunk = FetchedChunk(
            records,
            aborted: AbortedTransactions(
                (data.abortedTransactions ?? []).map { (producerID: $0.producerId, firstOffset: $0.firstOffset) }))
    }
}
