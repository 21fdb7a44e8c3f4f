// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum FetchEndpoint: Endpoint {
    static let name = "Fetch"

    static func access(_ request: FetchRequest) -> Access { .byItem }

    static func handle(_ request: FetchRequest, _ call: Call) {
        guard let plan = self.plan(request, call) else { return }
        let cluster = call.cluster
        let maxBytes = min(
            max(Int(request.maxBytes), 0), cluster.configuration.maxFetchBytes, call.mostBytes(.consumerByteRate))
        let query = FetchQuery(
            wants: plan.wants, version: call.version, broker: call.broker.id, maxBytes: maxBytes,
            isReadCommitted: request.isolationLevel == 1, rack: request.rackId,
            offerNearestReplica: cluster.configuration.offerNearestReplica,
            mayRead: { call.permits(.read, .topic($0)) })
        let result = query.run(in: cluster)
        let missing = min(Int(request.minBytes), maxBytes) - result.byteCount
        if missing <= 0 || result.hasNews || plan.wants.isEmpty || request.maxWaitMs <= 0 {
            self.answer(result, plan: plan, call)
        } else {
            _ = WaitingFetch(
                query, plan: plan, missing: missing, present: result.byteCount,
                timeout: .milliseconds(Int(request.maxWaitMs)), call)
        }
    }

    /// Returns the plan for the fetch. Returns nil after sending an error response if the request doesn't match its
    /// session.
    private static func plan(_ request: FetchRequest, _ call: Call) -> FetchSessions.Plan? {
        var wants: [(key: FetchSession.Key, want: FetchSession.Want)] = []
        for topic in request.topics {
            for partition in topic.partitions {
                let key = FetchSession.Key(
                    topic: topic.topic, topicID: topic.topicId, partition: partition.partition)
                let want = FetchSession.Want(
                    fetchOffset: partition.fetchOffset, maxBytes: max(partition.partitionMaxBytes, 0),
                    currentLeaderEpoch: partition.currentLeaderEpoch, lastFetchedEpoch: partition.lastFetchedEpoch)
                wants.append((key, want))
            }
        }
        let forgotten = request.forgottenTopicsData.flatMap { topic in
            topic.partitions.map { FetchSession.Key(topic: topic.topic, topicID: topic.topicId, partition: $0) }
        }
        do throws(BrokerError) {
            return try call.broker.fetchSessions.begin(
                sessionID: request.sessionId, epoch: request.sessionEpoch, wants: wants, forgotten: forgotten,
                usesTopicIDs: call.version >= 13, newID: call.cluster.randomSessionID(), now: call.cluster.now)
        } catch {
            var response = FetchResponse()
            response.errorCode = error.code
            call.answer(response)
            return nil
        }
    }

    /// Sends the result, which in a fetch session contains only the partitions with changes.
    static func answer(_ result: FetchQuery.Result, plan: FetchSessions.Plan, _ call: Call) {
        let throttleTime = call.throttle(result.byteCount, .consumerByteRate, isTakenBack: true)
        guard throttleTime == 0 else { return self.withhold(plan: plan, throttleTime: throttleTime, call) }
        let outcomes = Dictionary(result.parts.map { ($0.key, $0.outcome) }) { _, last in last }
        let named = call.broker.fetchSessions.end(plan, outcomes: outcomes)
        var response = FetchResponse()
        response.sessionId = plan.sessionID
        for part in result.parts where named.contains(part.key) {
            let last = response.responses.last
            if last == nil || last?.topic != part.key.topic || last?.topicId != part.key.topicID {
                var topic = FetchResponse.FetchableTopicResponse()
                topic.topic = part.key.topic
                topic.topicId = part.key.topicID
                response.responses.append(topic)
            }
            response.responses[response.responses.count - 1].partitions.append(part.data)
        }
        if call.version >= 16 {
            response.nodeEndpoints = result.leaders.sorted().compactMap { id in
                guard let broker = call.cluster.brokers[id] else { return nil }
                var endpoint = FetchResponse.NodeEndpoint()
                endpoint.nodeId = id
                endpoint.host = broker.host
                endpoint.port = call.port(of: broker)
                endpoint.rack = broker.rack
                return endpoint
            }
        }
        call.answer(response)
    }

    /// Answers a client that has exceeded its quota: without records, which it has to fetch again.
    private static func withhold(plan: FetchSessions.Plan, throttleTime: Int32, _ call: Call) {
        var response = FetchResponse()
        response.throttleTimeMs = throttleTime
        if plan.isIncremental {
            response.sessionId = plan.sessionID
        } else {
            call.broker.fetchSessions.remove(plan.sessionID)
        }
        call.answer(response)
    }

    /// Sends an error: session errors for the whole request, other errors for each partition.
    static func fail(_ request: FetchRequest, _ error: ErrorCode, _ call: Call) {
        let ofSession: Set<ErrorCode> = [
            .fetchSessionIdNotFound, .invalidFetchSessionEpoch, .fetchSessionTopicIdError, .unknownServerError,
        ]
        guard !ofSession.contains(error) else {
            var response = FetchResponse()
            response.errorCode = error
            call.answer(response)
            return
        }
        guard let plan = self.plan(request, call) else { return }
        var result = FetchQuery.Result()
        result.parts = plan.wants.map { key, _ in
            var data = FetchResponse.PartitionData()
            data.partitionIndex = key.partition
            data.errorCode = error
            data.highWatermark = -1
            data.records = []
            let outcome = FetchSession.Outcome(highWatermark: -1, logStartOffset: -1, hasError: true)
            return FetchQuery.Part(key: key, data: data, outcome: outcome)
        }
        self.answer(result, plan: plan, call)
    }
}
