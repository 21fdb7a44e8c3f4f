// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A broker's address, with its id once the cluster has told it.
public struct Broker: Hashable, Sendable, CustomStringConvertible {
    /// The id; nil for a bootstrap server, of which only the address is known.
    public var id: Int32?
    /// A host name or an IP address.
    public var host: String
    /// The port.
    public var port: Int
    /// The rack or availability zone, if the cluster has told it.
    public var rack: String?

    /// A broker at an address.
    public init(id: Int32? = nil, host: String, port: Int, rack: String? = nil) {
        self.id = id
        self.host = host
        self.port = port
        self.rack = rack
    }

    /// Its address alone, which is the same for a bootstrap server that turns out to be a broker.
    var server: KafkaServer { KafkaServer(host: self.host, port: self.port) }

    /// The address, and the id if it is known.
    public var description: String { self.id.map { "\(self.server) (id \($0))" } ?? "\(self.server)" }
}
