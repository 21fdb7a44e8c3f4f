// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Requests the producer id and epoch of an idempotent producer.
struct InitProducerIDCall: Call {
    typealias Request = InitProducerIdRequest

    var doing: String { "asking for a producer id" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> InitProducerIdRequest {
        var request = InitProducerIdRequest()
        request.transactionalId = nil
        request.transactionTimeoutMs = .max
        return request
    }

    func outcomes(
        of response: InitProducerIdResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<ProducerIdentity>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        return [OnlyItem(): .done(ProducerIdentity(id: response.producerId, epoch: response.producerEpoch))]
    }

    func annotate(_ error: inout KafkaError, about item: OnlyItem) {
        if error.brokerCode == .clusterAuthorizationFailed {
            error.message += " Brokers before 2.8 want the right IdempotentWrite; or set enableIdempotence to false."
        }
    }
}
