// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct RenewDelegationTokenCall: DelegationTokenCall {
    typealias Request = RenewDelegationTokenRequest

    let body: RenewDelegationTokenRequest
    var doing: String { "renewing a delegation token" }
    static func errorCode(of response: RenewDelegationTokenResponse) -> ErrorCode { response.errorCode }
}
