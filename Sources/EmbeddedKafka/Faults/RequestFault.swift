// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// What goes wrong with a request: the inside of `EmbeddedKafka.Fault`.
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
    /// Another answer than the honest one; nil leaves it to the broker.
    case answer(@Sendable (any KafkaRequest, Int16) -> (any KafkaResponse)?)
    /// The honest answer, changed.
    case rewrite(@Sendable (any KafkaRequest, Int16, any KafkaResponse) -> any KafkaResponse)
}
