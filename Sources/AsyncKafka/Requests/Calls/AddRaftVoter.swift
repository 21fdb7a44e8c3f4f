// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Adds a voter to the quorum of controllers (KIP-853).
struct AddRaftVoterCall: Call {
    typealias Request = AddRaftVoterRequest

    var body: AddRaftVoterRequest

    var doing: String { "adding a voter to the metadata quorum" }
    /// After the voter was added, a repeated request would be refused because it is one already.
    var isRepeatable: Bool { false }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> AddRaftVoterRequest { self.body }

    func outcomes(
        of response: AddRaftVoterResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        [
            OnlyItem(): response.errorCode == .none
                ? .done(())
                : self.refused(response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
        ]
    }
}
