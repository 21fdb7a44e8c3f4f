// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Identifies a connection of a client by its server and purpose.
struct ConnectionKey: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        /// A broker, by its id.
        case broker(Int32)
        /// A bootstrap server, by its index in the configuration.
        case bootstrap(Int)
    }

    var target: Target
    var purpose: ConnectionPurpose
}
