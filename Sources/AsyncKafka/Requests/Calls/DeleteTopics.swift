// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Deletes topics by name or by id.
struct DeleteTopicsCall: Call {
    typealias Request = DeleteTopicsRequest

    enum Topic: Hashable, Sendable {
        case name(String)
        case id(KafkaUUID)
    }

    var ignoresMissing: Bool
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { "deleting topics" }
    /// After a topic was deleted, a repeated request would be refused because there is no such topic.
    var isRepeatable: Bool { self.ignoresMissing }

    func destination(of topic: Topic) -> Destination { .controller }

    func request(for topics: [Topic], to recipient: Recipient) throws(KafkaError) -> DeleteTopicsRequest {
        var request = DeleteTopicsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        for topic in topics {
            var state = DeleteTopicsRequest.DeleteTopicState()
            switch topic {
            case .name(let name) where recipient.version < 6:
                request.topicNames.append(name)
            case .name(let name):
                state.name = name
                request.topics.append(state)
            case .id(let id):
                guard recipient.version >= 6 else {
                    throw KafkaError(
                        .unsupportedVersion,
                        "The broker can't delete topics by id, which came with Kafka 2.8: delete them by name.",
                        broker: recipient.broker.description)
                }
                state.topicId = id
                request.topics.append(state)
            }
        }
        return request
    }

    func outcomes(
        of response: DeleteTopicsResponse, to topics: [Topic], from recipient: Recipient
    ) -> [Topic: CallOutcome<Void>] {
        let asked = Set(topics)
        var outcomes: [Topic: CallOutcome<Void>] = [:]
        for answer in response.responses {
            // A broker adds the name to an id, and the id to a name.
            let byName = answer.name.map(Topic.name)
            let topic = byName.flatMap { asked.contains($0) ? $0 : nil } ?? .id(answer.topicId)
            switch answer.errorCode {
            case .none:
                outcomes[topic] = .done(())
            case .unknownTopicOrPartition where self.ignoresMissing, .unknownTopicId where self.ignoresMissing:
                outcomes[topic] = .done(())
            default:
                outcomes[topic] = self.refused(answer.errorCode, topic, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: Topic) {
        switch topic {
        case .name(let name): error.topic = name
        case .id(let id): error.message += " (The topic's id is \(id).)"
        }
    }
}
