// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Requests the identity of a transactional producer, which fences earlier producers with its id and aborts their open transaction.
struct InitTransactionsCall: TransactionCall {
    typealias Request = InitProducerIdRequest

    let transactionalID: String
    let transactionTimeout: Duration
    /// The identity to continue with in a new epoch (KIP-360). Brokers before 2.5 always begin a new epoch.
    let current: ProducerIdentity?

    var doing: String { "asking for the identity of a transactional producer" }

    // Version 6 is for two-phase commits (KIP-939).
    var versions: ClosedRange<Int16> { 0...InitProducerIdRequest.latestStableVersion }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> InitProducerIdRequest {
        var request = InitProducerIdRequest()
        request.transactionalId = self.transactionalID
        request.transactionTimeoutMs = self.transactionTimeout.wholeMilliseconds
        if recipient.version >= 3, let current {
            request.producerId = current.id
            request.producerEpoch = current.epoch
        }
        return request
    }

    func outcomes(
        of response: InitProducerIdResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<ProducerIdentity>] {
        self.outcome(
            response.errorCode, from: recipient,
            ProducerIdentity(id: response.producerId, epoch: response.producerEpoch))
    }

    func annotate(_ error: inout KafkaError, about item: OnlyItem) {
        if error.brokerCode == .invalidTransactionTimeout {
            error.message += " (transactionTimeout is \(self.transactionTimeout).)"
        }
    }
}
