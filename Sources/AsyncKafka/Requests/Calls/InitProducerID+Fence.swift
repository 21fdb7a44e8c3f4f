// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Takes over transactional ids, as their next producer does, so that the coordinator fences earlier ones and aborts their open
/// transactions.
struct FenceProducersCall: Call {
    typealias Request = InitProducerIdRequest

    /// The timeout of the next transaction. The next producer replaces it with its own.
    var transactionTimeout: Duration

    // Version 6 is for two-phase commits (KIP-939).
    var versions: ClosedRange<Int16> { 0...InitProducerIdRequest.latestStableVersion }

    var doing: String { "fencing producers" }

    func destination(of id: String) -> Destination { .coordinator(CoordinatorKey(kind: .transaction, name: id)) }

    func maximumItems(version: Int16) -> Int { 1 }

    func request(for ids: [String], to recipient: Recipient) throws(KafkaError) -> InitProducerIdRequest {
        var request = InitProducerIdRequest()
        request.transactionalId = ids.first
        request.transactionTimeoutMs = self.transactionTimeout.wholeMilliseconds
        return request
    }

    func outcomes(
        of response: InitProducerIdResponse, to ids: [String], from recipient: Recipient
    ) -> [String: CallOutcome<FencedProducer>] {
        guard let id = ids.first else { return [:] }
        guard response.errorCode == .none else {
            return [id: self.refused(response.errorCode, id, by: recipient)]
        }
        return [
            id: .done(FencedProducer(producerID: response.producerId, producerEpoch: response.producerEpoch))
        ]
    }

    func annotate(_ error: inout KafkaError, about id: String) { error.message += " (The transactional id is \(id).)" }
}
