// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Adds a group to a transaction before its offsets are. Version 2 of transactions does without.
struct AddOffsetsToTxnCall: TransactionCall {
    typealias Request = AddOffsetsToTxnRequest

    let producer: TransactionalProducer
    let group: String

    var transactionalID: String { self.producer.transactionalID }

    var doing: String { "adding a group to a transaction" }

    var versions: ClosedRange<Int16> { 0...4 }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> AddOffsetsToTxnRequest {
        var request = AddOffsetsToTxnRequest()
        request.transactionalId = self.transactionalID
        request.producerId = self.producer.identity.id
        request.producerEpoch = self.producer.identity.epoch
        request.groupId = self.group
        return request
    }

    func outcomes(
        of response: AddOffsetsToTxnResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        self.outcome(response.errorCode, from: recipient, ())
    }

    func annotate(_ error: inout KafkaError, about item: OnlyItem) { error.group = self.group }
}
