// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct DescribeDelegationTokenCall: DelegationTokenCall {
    typealias Request = DescribeDelegationTokenRequest

    let body: DescribeDelegationTokenRequest
    var doing: String { "describing delegation tokens" }
    static func errorCode(of response: DescribeDelegationTokenResponse) -> ErrorCode { response.errorCode }
}
