// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a server has said so far, which tells what may be wrong when it closes a connection.
enum Acquaintance: UInt8, AtomicRepresentable {
    /// Nothing. It may not even speak Kafka's protocol.
    case stranger
    /// Its versions, which it tells before a login. It may want one.
    case versions
    /// More than that: connections are secured as it wants them.
    case known
}
