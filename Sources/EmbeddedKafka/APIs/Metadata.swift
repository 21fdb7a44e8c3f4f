// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum MetadataEndpoint: Endpoint {
    static let name = "Metadata"

    static func access(_ request: MetadataRequest) -> Access { .byItem }

    static func handle(_ request: MetadataRequest, _ call: Call) {
        var response = self.clusterPart(call)
        let asksForAll = request.topics.map { call.version == 0 && $0.isEmpty } ?? true
        if asksForAll {
            response.topics = call.cluster.topics.values.sorted { $0.name < $1.name }
                .filter { call.permits(.describe, .topic($0.name)) }.map { self.topic($0, request, call) }
        } else {
            let maySubscribe = request.allowAutoTopicCreation || call.version < 4
            response.topics = (request.topics ?? []).map {
                self.topic($0, mayCreate: maySubscribe, request, call)
            }
        }
        if request.includeClusterAuthorizedOperations, (8...10).contains(call.version) {
            response.clusterAuthorizedOperations =
                call.permits(.describe, .cluster) ? call.permittedOperations(on: .cluster) : 0
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
        _ requested: MetadataRequest.MetadataRequestTopic, mayCreate: Bool, _ request: MetadataRequest, _ call: Call
    ) -> MetadataResponse.MetadataResponseTopic {
        let cluster = call.cluster
        if call.version >= 10, requested.topicId != .zero {
            // Who may not know the topic isn't told that it is there.
            return cluster.topic(id: requested.topicId)
                .flatMap { call.permits(.describe, .topic($0.name)) ? self.topic($0, request, call) : nil }
                ?? self.missing(requested, .unknownTopicId, call)
        }
        let name = requested.name ?? ""
        guard call.permits(.describe, .topic(name)) else {
            return self.missing(requested, .topicAuthorizationFailed, call)
        }
        if let topic = cluster.topic(name) { return self.topic(topic, request, call) }
        guard Topic.problem(withName: name) == nil else { return self.missing(requested, .invalidTopicException, call) }
        if mayCreate, cluster.configuration.createTopicsAutomatically {
            guard call.permits(.create, .cluster) || call.permits(.create, .topic(name)) else {
                return self.missing(requested, .topicAuthorizationFailed, call)
            }
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

    private static func topic(
        _ topic: Topic, _ request: MetadataRequest, _ call: Call
    ) -> MetadataResponse.MetadataResponseTopic {
        var response = MetadataResponse.MetadataResponseTopic()
        response.name = topic.name
        response.topicId = topic.id
        if request.includeTopicAuthorizedOperations {
            response.topicAuthorizedOperations = call.permittedOperations(on: .topic(topic.name))
        }
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
