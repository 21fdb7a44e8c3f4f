// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The address of a broker, with its id once it is known.
public struct Broker: Hashable, Sendable, CustomStringConvertible {
    /// The broker's id. Nil for a bootstrap server, of which only the address is known.
    public var id: Int32?
    /// The host name or IP address.
    public var host: String
    /// The port.
    public var port: Int
    /// The rack or availability zone, if it is known.
    public var rack: String?

    /// Creates a broker.
    public init(id: Int32? = nil, host: String, port: Int, rack: String? = nil) {
        self.id = id
        self.host = host
        self.port = port
        self.rack = rack
    }

    /// The host and port alone, which are equal for a bootstrap server and the broker it turns out to be.
    var server: KafkaServer { KafkaServer(host: self.host, port: self.port) }

    /// The address, and the id if it is known.
    public var description: String { self.id.map { "\(self.server) (id \($0))" } ?? "\(self.server)" }
}
