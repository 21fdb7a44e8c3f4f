// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A broker's address, with its id once the cluster has told it.
struct Broker: Hashable, Sendable, CustomStringConvertible {
    /// Nil for a bootstrap server, of which only the address is known.
    var id: Int32?
    var host: String
    var port: Int
    var rack: String?

    /// Its address alone, which is the same for a bootstrap server that turns out to be a broker.
    var server: KafkaServer { KafkaServer(host: self.host, port: self.port) }

    var description: String { self.id.map { "\(self.server) (id \($0))" } ?? "\(self.server)" }
}
