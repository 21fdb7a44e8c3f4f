// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The address of a broker, with its id once it is known.
struct Broker: Hashable, Sendable, CustomStringConvertible {
    /// Nil for a bootstrap server, of which only the address is known.
    var id: Int32?
    var host: String
    var port: Int
    var rack: String?

    /// The host and port alone, which are equal for a bootstrap server and the broker it turns out to be.
    var server: KafkaServer { KafkaServer(host: self.host, port: self.port) }

    var description: String { self.id.map { "\(self.server) (id \($0))" } ?? "\(self.server)" }
}
