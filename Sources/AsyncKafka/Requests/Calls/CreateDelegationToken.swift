// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct CreateDelegationTokenCall: DelegationTokenCall {
    typealias Request = CreateDelegationTokenRequest

    let body: CreateDelegationTokenRequest
    var doing: String { "creating a delegation token" }
    /// Repeating it would create a second token.
    var isRepeatable: Bool { false }
    static func errorCode(of response: CreateDelegationTokenResponse) -> ErrorCode { response.errorCode }
}
