// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Removes a voter from the quorum of controllers (KIP-853).
struct RemoveRaftVoterCall: Call {
    typealias Request = RemoveRaftVoterRequest

    var body: RemoveRaftVoterRequest

    var doing: String { "removing a voter from the metadata quorum" }
    /// After the voter was removed, a repeated request would be refused because there is no such voter.
    var isRepeatable: Bool { false }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> RemoveRaftVoterRequest {
        self.body
    }

    func outcomes(
        of response: RemoveRaftVoterResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        [
            OnlyItem(): response.errorCode == .none
                ? .done(())
                : self.refused(response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
        ]
    }
}
