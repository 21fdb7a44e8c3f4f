// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A request about delegation tokens (KIP-48). Any broker accepts it, and its response has a single error code.
protocol DelegationTokenCall: Call where Item == OnlyItem, Value == Request.Response {
    var body: Request { get }
    static func errorCode(of response: Request.Response) -> ErrorCode
}

extension DelegationTokenCall {
    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> Request { self.body }

    func outcomes(
        of response: Request.Response, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Request.Response>] {
        let code = Self.errorCode(of: response)
        return [OnlyItem(): code == .none ? .done(response) : self.refused(code, OnlyItem(), by: recipient)]
    }
}
