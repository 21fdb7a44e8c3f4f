// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum MetadataEndpoint: Endpoint {
    static let name = "Metadata"

    static func handle(_ request: MetadataRequest, _ call: Call) {
        var response = self.clusterPart(call)
        let asksForAll = request.topics.map { call.version == 0 && $0.isEmpty } ?? true
        if asksForAll {
            response.topics = call.cluster.topics.values.sorted { $0.name < $1.name }.map { self.topic($0, call) }
        } else {
            let maySubscribe = request.allowAutoTopicCreation || call.version < 4
            response.topics = (request.topics ?? []).map { self.topic($0, mayCreate: maySubscribe, call) }
        }
        call.answer(response)
    }

    private static func clusterPart(_ call: Call) -> MetadataResponse {
        let cluster = call.cluster
        var response = MetadataResponse()
        response.clusterId = cluster.id
        response.controllerId = cluster.controllerID
        response.brokers = cluster.liveBrokers.map { live in
            var broker = MetadataResponse.MetadataResponseBroker()
            broker.nodeId = live.id
            broker.host = live.host
            broker.port = call.port(of: live)
            broker.rack = live.rack
            return broker
        }
        return response
    }

    private static func topic(
        _ requested: MetadataRequest.MetadataRequestTopic, mayCreate: Bool, _ call: Call
    ) -> MetadataResponse.MetadataResponseTopic {
        let cluster = call.cluster
        if call.version >= 10, requested.topicId != .zero {
            return cluster.topic(id: requested.topicId).map { self.topic($0, call) }
                ?? self.missing(requested, .unknownTopicId, call)
        }
        let name = requested.name ?? ""
        if let topic = cluster.topic(name) { return self.topic(topic, call) }
        guard Topic.problem(withName: name) == nil else { return self.missing(requested, .invalidTopicException, call) }
        if mayCreate, cluster.configuration.createTopicsAutomatically {
            let replicas = cluster.configuration.defaultReplicationFactor
            guard replicas <= cluster.liveBrokers.count else {
                return self.missing(requested, .invalidReplicationFactor, call)
            }
            // As in Kafka, this response doesn't have the new topic yet, but the next one does.
            cluster.createTopic(
                name,
                assignments: cluster.assignments(
                    partitions: 0..<cluster.configuration.defaultPartitions, replicationFactor: replicas))
        }
        return self.missing(requested, .unknownTopicOrPartition, call)
    }

    private static func missing(
        _ requested: MetadataRequest.MetadataRequestTopic, _ error: ErrorCode, _ call: Call
    ) -> MetadataResponse.MetadataResponseTopic {
        var response = MetadataResponse.MetadataResponseTopic()
        response.errorCode = error
        response.topicId = requested.topicId
        // Before version 12 the name isn't nullable.
        response.name = call.version >= 12 ? requested.name : requested.name ?? ""
        return response
    }

    private static func topic(_ topic: Topic, _ call: Call) -> MetadataResponse.MetadataResponseTopic {
        var response = MetadataResponse.MetadataResponseTopic()
        response.name = topic.name
        response.topicId = topic.id
        response.partitions = topic.partitions.map { partition in
            var part = MetadataResponse.MetadataResponsePartition()
            part.partitionIndex = partition.index
            part.errorCode = partition.leader == nil ? .leaderNotAvailable : .none
            part.leaderId = partition.leader ?? -1
            part.leaderEpoch = partition.leaderEpoch
            part.replicaNodes = partition.replicas
            part.isrNodes = partition.inSyncReplicas
            part.offlineReplicas = partition.replicas.filter { !call.cluster.isRunning($0) }
            return part
        }
        return response
    }

    static func fail(_ request: MetadataRequest, _ error: ErrorCode, _ call: Call) {
        var response = self.clusterPart(call)
        if error == .rebootstrapRequired, call.version >= 13 {
            response.errorCode = error
        } else {
            response.topics = (request.topics ?? []).map { self.missing($0, error, call) }
        }
        call.answer(response)
    }
}
