// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Requests brokers, topics and leaders.
struct MetadataCall: Call {
    typealias Request = MetadataRequest

    var interest: MetadataStateMachine.Interest
    var allowsAutoTopicCreation: Bool

    var doing: String { "asking for metadata" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> MetadataRequest {
        var request = MetadataRequest()
        switch self.interest {
        case .all:
            request.topics = nil
        case .topics(let names):
            request.topics = names.map { name in
                var topic = MetadataRequest.MetadataRequestTopic()
                topic.name = name
                return topic
            }
        }
        request.allowAutoTopicCreation = self.allowsAutoTopicCreation && self.interest != .all
        return request
    }

    func outcomes(
        of response: MetadataResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<MetadataUpdate>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        guard !response.brokers.isEmpty else {
            return [
                OnlyItem(): .again(
                    KafkaError(
                        .brokerError, "The broker knows no brokers, not even itself: it has only just started.",
                        broker: recipient.broker.description, isRetriable: true))
            ]
        }
        return [OnlyItem(): .done(MetadataUpdate(response))]
    }
}
