// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Deletes the offsets of a share group in whole topics (KIP-932, Kafka 4.2).
struct DeleteShareGroupOffsetsCall: GroupCall {
    typealias Request = DeleteShareGroupOffsetsRequest

    let group: String

    var doing: String { "deleting a share group's offsets" }

    func request(
        for topics: [String], to recipient: Recipient
    ) throws(KafkaError) -> DeleteShareGroupOffsetsRequest {
        var request = DeleteShareGroupOffsetsRequest()
        request.groupId = self.group
        request.topics = topics.map { name in
            var topic = DeleteShareGroupOffsetsRequest.DeleteShareGroupOffsetsRequestTopic()
            topic.topicName = name
            return topic
        }
        return request
    }

    func outcomes(
        of response: DeleteShareGroupOffsetsResponse, to topics: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Void>] {
        if response.errorCode != .none {
            let message = response.errorMessage
            return Dictionary(
                topics.map { ($0, self.refused(response.errorCode, $0, by: recipient, message: message)) }
            ) { first, _ in first }
        }
        var outcomes: [String: CallOutcome<Void>] = [:]
        for answer in response.responses {
            outcomes[answer.topicName] =
                answer.errorCode == .none
                ? .done(())
                : self.refused(answer.errorCode, answer.topicName, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) {
        error.group = self.group
        error.topic = topic
    }
}
