// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The implementation of `EmbeddedKafka.Fault`.
enum RequestFault: Sendable {
    case fail(ErrorCode)
    case delay(Duration)
    case dropAnswer
    case closeBeforeWork
    case closeAfterWork
    case hold(EmbeddedKafka.Hold)
    case holdAnswer(EmbeddedKafka.Hold)
    case garbage
    case raw(Bytes)
    case cut(Int)
    /// Replaces the response. If the closure returns nil, the broker handles the request.
    case answer(@Sendable (any KafkaRequest, Int16) -> (any KafkaResponse)?)
    /// Changes the broker's response.
    case rewrite(@Sendable (any KafkaRequest, Int16, any KafkaResponse) -> any KafkaResponse)
}
