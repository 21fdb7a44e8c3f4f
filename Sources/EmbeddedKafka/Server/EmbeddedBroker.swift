// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// One broker of a cluster: its listener, its connections, its fetch sessions.
///
/// `@unchecked Sendable`, since it is touched on the cluster's loop only.
final class EmbeddedBroker: @unchecked Sendable {
    let id: Int32
    let host: String
    let rack: String?
    unowned let cluster: EmbeddedCluster
    /// Where it listens. Chosen by the system at the first start if it was 0, and kept from then on.
    private(set) var port: Int
    var fetchSessions = FetchSessions()
    private var listener: Listener?
    private var connections: [Int: ClientConnection] = [:]

    init(id: Int32, host: String, port: Int, rack: String?, cluster: EmbeddedCluster) {
        self.id = id
        self.host = host
        self.port = port
        self.rack = rack
        self.cluster = cluster
    }

    var isRunning: Bool { self.listener != nil }
    var connectionCount: Int { self.connections.count }

    func start() throws(TransportError) {
        guard self.listener == nil else { return }
        let cluster = self.cluster
        let id = self.id
        let listener = try Listener(
            host: self.host, port: self.port, loop: cluster.loop,
            maximumFrameSize: cluster.configuration.maximumRequestBytes
        ) { channel in
            cluster.brokers[id]?.accept(channel)
        }
        self.port = listener.port
        self.listener = listener
        self.fetchSessions = FetchSessions()
        cluster.brokerStarted(id)
    }

    func stop() {
        guard let listener = self.listener else { return }
        listener.close()
        self.listener = nil
        self.closeConnections()
        self.cluster.brokerStopped(self.id)
    }

    func closeConnections(_ number: Int? = nil) {
        for connection in self.connections.values where number == nil || connection.number == number {
            connection.close()
        }
    }

    func forget(_ connection: ClientConnection) {
        self.connections[connection.number] = nil
    }

    private func accept(_ channel: SocketChannel) {
        guard self.isRunning else {
            channel.close()
            return
        }
        let connection = ClientConnection(broker: self, number: self.cluster.takeNumber(), channel: channel)
        self.connections[connection.number] = connection
        connection.start()
    }
}
