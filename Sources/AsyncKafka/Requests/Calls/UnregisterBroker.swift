// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Removes the registration of a broker that is down (KRaft).
struct UnregisterBrokerCall: Call {
    typealias Request = UnregisterBrokerRequest

    var broker: Int32

    var doing: String { "unregistering a broker" }
    /// After the broker was unregistered, a repeated request would be refused because it isn't registered.
    var isRepeatable: Bool { false }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> UnregisterBrokerRequest {
        var request = UnregisterBrokerRequest()
        request.brokerId = self.broker
        return request
    }

    func outcomes(
        of response: UnregisterBrokerResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        [
            OnlyItem(): response.errorCode == .none
                ? .done(())
                : self.refused(response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
        ]
    }
}
