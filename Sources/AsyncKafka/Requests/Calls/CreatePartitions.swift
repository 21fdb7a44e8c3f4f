// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Adds partitions to topics. An item is the name of a topic.
struct CreatePartitionsCall: Call {
    typealias Request = CreatePartitionsRequest

    var topics: [String: NewPartitions]
    var validateOnly: Bool
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { self.validateOnly ? "validating the addition of partitions" : "adding partitions" }
    /// After the partitions were added, a repeated request would be refused because the topic has them already.
    var isRepeatable: Bool { false }
    var hasEffect: Bool { !self.validateOnly }

    func destination(of topic: String) -> Destination { .controller }

    func request(for names: [String], to recipient: Recipient) throws(KafkaError) -> CreatePartitionsRequest {
        var request = CreatePartitionsRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.validateOnly = self.validateOnly
        request.topics = names.compactMap { name in
            guard let new = self.topics[name] else { return nil }
            var topic = CreatePartitionsRequest.CreatePartitionsTopic()
            topic.name = name
            topic.count = Int32(clamping: new.totalCount)
            topic.assignments = new.assignments?.map { brokers in
                var assignment = CreatePartitionsRequest.CreatePartitionsAssignment()
                assignment.brokerIds = brokers
                return assignment
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: CreatePartitionsResponse, to names: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Void>] {
        var outcomes: [String: CallOutcome<Void>] = [:]
        for answer in response.results {
            outcomes[answer.name] =
                answer.errorCode == .none
                ? .done(()) : self.refused(answer.errorCode, answer.name, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) { error.topic = topic }
}
