// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum CreateTopicsEndpoint: Endpoint {
    static let name = "CreateTopics"

    static func access(_ request: CreateTopicsRequest) -> Access { .byItem }

    static func handle(_ request: CreateTopicsRequest, _ call: Call) {
        let names = request.topics.map(\.name)
        let doubled = Set(names.filter { name in names.filter { $0 == name }.count > 1 })
        var response = CreateTopicsResponse()
        for topic in request.topics {
            do throws(BrokerError) {
                guard !doubled.contains(topic.name) else {
                    throw BrokerError(.invalidRequest, "The request names topic '\(topic.name)' more than once.")
                }
                if !call.permits(.create, .cluster) { try call.require(.create, .topic(topic.name)) }
                response.topics.append(try self.create(topic, validateOnly: request.validateOnly, call))
            } catch {
                response.topics.append(self.result(topic.name, error))
            }
        }
        response.throttleTimeMs = call.throttleMutations()
        call.answer(response)
    }

    private static func create(
        _ requested: CreateTopicsRequest.CreatableTopic, validateOnly: Bool, _ call: Call
    ) throws(BrokerError) -> CreateTopicsResponse.CreatableTopicResult {
        let cluster = call.cluster
        var configuration: [String: String] = [:]
        for entry in requested.configs {
            guard let value = entry.value else {
                throw BrokerError(.invalidConfig, "The setting \(entry.name) needs a value.")
            }
            configuration[entry.name] = value
        }
        let assignments: [[Int32]]
        if requested.assignments.isEmpty {
            assignments = try cluster.checkedAssignments(
                name: requested.name, partitions: requested.numPartitions == -1 ? nil : Int(requested.numPartitions),
                replicationFactor: requested.replicationFactor == -1 ? nil : Int(requested.replicationFactor))
        } else {
            assignments = try self.manualAssignments(requested, cluster)
        }
        if let problem = TopicSettings.problem(with: configuration) { throw BrokerError(.invalidConfig, problem) }
        var result = self.result(requested.name, nil)
        result.numPartitions = Int32(assignments.count)
        result.replicationFactor = Int16(assignments.first?.count ?? 0)
        result.configs = TopicSettings.all.map { entry in
            let value = cluster.settings.value(of: entry, own: configuration, at: call.broker.id)
            var config = CreateTopicsResponse.CreatableTopicConfigs()
            config.name = entry.setting.name
            config.value = value.value
            config.configSource = value.source.rawValue
            return config
        }
        if !call.permits(.describeConfigs, .topic(requested.name)) {
            result.topicConfigErrorCode = .topicAuthorizationFailed
            result.numPartitions = -1
            result.replicationFactor = -1
            result.configs = []
        }
        if !validateOnly {
            try call.countMutations(assignments.count, isStrict: call.version >= 6)
            result.topicId =
                cluster.createTopic(requested.name, assignments: assignments, configuration: configuration).id
        }
        return result
    }

    private static func manualAssignments(
        _ requested: CreateTopicsRequest.CreatableTopic, _ cluster: EmbeddedCluster
    ) throws(BrokerError) -> [[Int32]] {
        try cluster.checkNewName(requested.name)
        guard requested.numPartitions == -1, requested.replicationFactor == -1 else {
            throw BrokerError(
                .invalidRequest, "Numbers of partitions and replicas can't be given together with an assignment.")
        }
        let sorted = requested.assignments.sorted { $0.partitionIndex < $1.partitionIndex }
        for (index, assignment) in sorted.enumerated() {
            let ids = assignment.brokerIds
            guard Int(assignment.partitionIndex) == index, ids.count == sorted[0].brokerIds.count, !ids.isEmpty,
                Set(ids).count == ids.count,
                ids.allSatisfy({ cluster.brokers[$0] != nil })
            else {
                throw BrokerError(
                    .invalidReplicaAssignment,
                    "Partition \(assignment.partitionIndex) can't be assigned to brokers \(ids).")
            }
        }
        return sorted.map(\.brokerIds)
    }

    private static func result(
        _ name: String, _ error: BrokerError?
    ) -> CreateTopicsResponse.CreatableTopicResult {
        var result = CreateTopicsResponse.CreatableTopicResult()
        result.name = name
        result.errorCode = error?.code ?? .none
        result.errorMessage = error?.message
        return result
    }

    static func fail(_ request: CreateTopicsRequest, _ error: ErrorCode, _ call: Call) {
        var response = CreateTopicsResponse()
        response.topics = request.topics.map { self.result($0.name, BrokerError(error)) }
        call.answer(response)
    }
}
