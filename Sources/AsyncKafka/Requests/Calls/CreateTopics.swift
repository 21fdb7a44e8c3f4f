// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Creates topics. An item is the name of a topic.
struct CreateTopicsCall: Call {
    typealias Request = CreateTopicsRequest

    var topics: [String: NewTopic]
    var ignoresExisting: Bool
    var validateOnly: Bool
    /// The time that the controller may take.
    var timeout: Duration

    /// Below this version, the numbers of partitions and replicas have no defaults (KIP-464, Kafka 2.4).
    private static let firstWithDefaults: Int16 = 4

    var doing: String { self.validateOnly ? "validating the creation of topics" : "creating topics" }
    /// After a topic was created, a repeated request would be refused because the topic exists.
    var isRepeatable: Bool { self.ignoresExisting }
    var hasEffect: Bool { !self.validateOnly }

    func destination(of topic: String) -> Destination { .controller }

    func request(for names: [String], to recipient: Recipient) throws(KafkaError) -> CreateTopicsRequest {
        var request = CreateTopicsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.validateOnly = self.validateOnly
        request.topics = names.compactMap { name in
            guard let new = self.topics[name], self.isSupported(new, recipient) else { return nil }
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = name
            topic.numPartitions = new.partitionCount.map { Int32(clamping: $0) } ?? -1
            topic.replicationFactor = new.replicationFactor.map { Int16(clamping: $0) } ?? -1
            topic.assignments = (new.assignments ?? []).enumerated().map { index, brokers in
                var assignment = CreateTopicsRequest.CreatableReplicaAssignment()
                assignment.partitionIndex = Int32(clamping: index)
                assignment.brokerIds = brokers
                return assignment
            }
            topic.configs = new.configs.sorted { $0.key < $1.key }.map { name, value in
                var config = CreateTopicsRequest.CreatableTopicConfig()
                config.name = name
                config.value = value
                return config
            }
            return topic
        }
        if request.topics.isEmpty { throw self.tooOld(recipient) }
        return request
    }

    func outcomes(
        of response: CreateTopicsResponse, to names: [String], from recipient: Recipient
    ) -> [String: CallOutcome<CreatedTopic>] {
        var outcomes: [String: CallOutcome<CreatedTopic>] = [:]
        for name in names {
            guard let new = self.topics[name], !self.isSupported(new, recipient) else { continue }
            var error = self.tooOld(recipient)
            self.annotate(&error, about: name)
            outcomes[name] = .failed(error)
        }
        for answer in response.topics {
            switch answer.errorCode {
            case .none:
                outcomes[answer.name] = .done(self.created(answer))
            case .topicAlreadyExists where self.ignoresExisting:
                outcomes[answer.name] = .done(CreatedTopic(name: answer.name, isNew: false))
            default:
                outcomes[answer.name] = self.refused(
                    answer.errorCode, answer.name, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) { error.topic = topic }

    private func isSupported(_ topic: NewTopic, _ recipient: Recipient) -> Bool {
        recipient.version >= Self.firstWithDefaults || topic.assignments != nil
            || (topic.partitionCount != nil && topic.replicationFactor != nil)
    }

    private func tooOld(_ recipient: Recipient) -> KafkaError {
        KafkaError(
            .unsupportedVersion,
            """
            The broker has no defaults for the numbers of partitions and replicas, which came with Kafka 2.4: set \
            partitionCount and replicationFactor.
            """, broker: recipient.broker.description)
    }

    private func created(_ answer: CreateTopicsResponse.CreatableTopicResult) -> CreatedTopic {
        // A KRaft controller also returns an id if it only validates, which no topic gets.
        let hasID = answer.topicId != .zero && !self.validateOnly
        var topic = CreatedTopic(name: answer.name, isNew: true, id: hasID ? answer.topicId : nil)
        // Older brokers, and those that don't let the client describe the topic, return -1 here and no settings.
        guard answer.numPartitions >= 0 else { return topic }
        topic.partitionCount = Int(answer.numPartitions)
        topic.replicationFactor = answer.replicationFactor >= 0 ? Int(answer.replicationFactor) : nil
        topic.config = answer.configs.map { entries in
            ResourceConfig(
                entries.map { entry in
                    ConfigEntry(
                        name: entry.name, value: entry.value, source: ConfigSource(rawValue: entry.configSource),
                        isSensitive: entry.isSensitive, isReadOnly: entry.readOnly)
                })
        }
        return topic
    }
}
