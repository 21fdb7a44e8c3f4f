// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DeleteTopicsEndpoint: Endpoint {
    static let name = "DeleteTopics"

    static func access(_ request: DeleteTopicsRequest) -> Access { .byItem }

    static func handle(_ request: DeleteTopicsRequest, _ call: Call) {
        var response = DeleteTopicsResponse()
        response.responses = self.states(request, call).map { state in
            let topic =
                state.topicId == .zero ? call.cluster.topic(state.name ?? "") : call.cluster.topic(id: state.topicId)
            if let name = topic?.name ?? state.name, !call.permits(.delete, .topic(name)) {
                return self.result(state, .topicAuthorizationFailed)
            }
            guard let topic else {
                return self.result(state, state.topicId == .zero ? .unknownTopicOrPartition : .unknownTopicId)
            }
            do throws(BrokerError) {
                try call.countMutations(topic.partitions.count, isStrict: call.version >= 5)
            } catch {
                return self.result(state, error.code)
            }
            call.cluster.deleteTopic(topic)
            var result = self.result(state, .none)
            result.name = topic.name
            result.topicId = topic.id
            return result
        }
        response.throttleTimeMs = call.throttleMutations()
        call.answer(response)
    }

    private static func states(
        _ request: DeleteTopicsRequest, _ call: Call
    ) -> [DeleteTopicsRequest.DeleteTopicState] {
        guard call.version < 6 else { return request.topics }
        return request.topicNames.map { name in
            var state = DeleteTopicsRequest.DeleteTopicState()
            state.name = name
            return state
        }
    }

    private static func result(
        _ state: DeleteTopicsRequest.DeleteTopicState, _ error: ErrorCode
    ) -> DeleteTopicsResponse.DeletableTopicResult {
        var result = DeleteTopicsResponse.DeletableTopicResult()
        result.name = state.name
        result.topicId = state.topicId
        result.errorCode = error
        return result
    }

    static func fail(_ request: DeleteTopicsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DeleteTopicsResponse()
        response.responses = self.states(request, call).map { self.result($0, error) }
        call.answer(response)
    }
}
