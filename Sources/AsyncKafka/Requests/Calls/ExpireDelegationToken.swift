// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct ExpireDelegationTokenCall: DelegationTokenCall {
    typealias Request = ExpireDelegationTokenRequest

    let body: ExpireDelegationTokenRequest
    var doing: String { "ending a delegation token" }
    /// If the first request succeeded, the second would fail because the token no longer exists.
    var isRepeatable: Bool { false }
    static func errorCode(of response: ExpireDelegationTokenResponse) -> ErrorCode { response.errorCode }
}
