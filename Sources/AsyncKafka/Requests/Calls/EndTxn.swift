// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Commits or aborts a transaction.
struct EndTxnCall: TransactionCall {
    typealias Request = EndTxnRequest

    let producer: TransactionalProducer
    let version: TransactionVersion
    let isCommit: Bool

    var transactionalID: String { self.producer.transactionalID }

    var doing: String { self.isCommit ? "committing a transaction" : "aborting a transaction" }

    // Version 5 begins a new epoch (KIP-890).
    var versions: ClosedRange<Int16> { self.version == .v1 ? 0...4 : 5...5 }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> EndTxnRequest {
        var request = EndTxnRequest()
        request.transactionalId = self.transactionalID
        request.producerId = self.producer.identity.id
        request.producerEpoch = self.producer.identity.epoch
        request.committed = self.isCommit
        return request
    }

    /// The value is the identity of the next transaction, which version 1 doesn't tell.
    func outcomes(
        of response: EndTxnResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<ProducerIdentity?>] {
        let next =
            response.producerId < 0 ? nil : ProducerIdentity(id: response.producerId, epoch: response.producerEpoch)
        return self.outcome(response.errorCode, from: recipient, self.version == .v1 ? nil : next)
    }
}
