// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Sends single requests and processes their answers.
extension Fetcher {
    /// Sends a request outside of the broker's session. The broker returns what it has and doesn't wait for more.
    func askApart(
        _ fetches: [PlannedFetch], maximumBytes: Int, of broker: Int32, on connection: BrokerConnection
    ) async throws(KafkaError) -> FetchSession.Outcome {
        var session = FetchSession()
        return try await self.ask(
            fetches, maximumBytes: maximumBytes, of: broker, on: connection, &session, isApart: true
        ).outcome
    }

    /// Sends one request and processes its answer.
    func ask(
        _ fetches: [PlannedFetch], maximumBytes: Int, of broker: Int32, on connection: BrokerConnection,
        _ session: inout FetchSession, isApart: Bool = false
    ) async throws(KafkaError) -> (outcome: FetchSession.Outcome, response: FetchResponse) {
        var planned = session.begin(
            wanted: fetches.map { ($0.partition, $0.request) },
            knowsTopicIDs: connection.versions.supports(FetchRequest.self, version: 13))
        if isApart { planned.sessionEpoch = FetchSession.closing }
        let version = try connection.versions.version(
            for: FetchRequest.self, atMost: planned.usesTopicIDs ? nil : 12)
        var request = FetchRequest(
            planned, version: version, self.settings, maximumBytes: maximumBytes,
            rack: self.cluster.configuration.rack)
        if isApart { request.maxWaitMs = 0 }
        let promise = Promise<FetchResponse>()
        connection.submit(request, version: version, timeout: self.cluster.configuration.requestTimeout) {
            promise.fulfill($0)
        }
        let response = try await promise.value()
        let outcome = self.take(response, to: planned, fetches, maximumBytes: maximumBytes, from: broker, &session)
        return (outcome, response)
    }

    private func take(
        _ response: FetchResponse, to planned: FetchSession.Request, _ fetches: [PlannedFetch], maximumBytes: Int,
        from broker: Int32, _ session: inout FetchSession
    ) -> FetchSession.Outcome {
        var answers: [(partition: TopicPartition, answer: FetchAnswer)] = []
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
            planned, error: response.errorCode, sessionID: response.sessionId, partitions: answers.map(\.partition),
            isThrottled: response.throttleTimeMs > 0)

        let result: FetchResult
        switch outcome {
        case .accepted: result = .answered(answers)
        case .rejected(let error): result = .rejected(error)
        case .malformed: result = .failed
        }
        self.source.fetchEnded(fetches, maximumBytes: maximumBytes, from: broker, result)
        if !leaders.isEmpty {
            self.cluster.updateLeaders(
                leaders,
                endpoints: response.nodeEndpoints.map {
                    Broker(id: $0.nodeId, host: $0.host, port: Int($0.port), rack: $0.rack)
                })
        }
        return outcome
    }

    /// Closes the session at the broker. This is best effort: the broker evicts unused sessions anyway.
    func close(_ session: inout FetchSession, _ broker: Int32) {
        guard let connection = self.cluster.connectionIfOpen(to: broker, for: .fetch), let last = session.close(),
            let version = try? connection.versions.version(
                for: FetchRequest.self, atMost: last.usesTopicIDs ? nil : 12)
        else { return }
        connection.submit(
            FetchRequest(last, version: version, self.settings, maximumBytes: 0, rack: nil), version: version,
            timeout: self.cluster.configuration.requestTimeout
        ) { _ in }
    }
}

extension FetchResponse {
    /// Whether the answer has no records, no error and no preferred replica.
    var isEmpty: Bool {
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
