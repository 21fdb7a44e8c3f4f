// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a server has sent so far, which narrows down the possible reasons when it closes a connection.
enum Acquaintance: UInt8, AtomicRepresentable {
    /// Nothing. It may not even be a Kafka broker.
    case stranger
    /// Its API versions, which it sends without a login. It may require one.
    case versions
    /// More than that: the client's security settings suit it.
    case known
}
