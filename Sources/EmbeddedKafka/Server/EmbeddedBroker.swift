// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A broker of the cluster: its listeners, connections and fetch sessions.
///
/// `@unchecked Sendable`, because it is only used on the cluster's loop.
final class EmbeddedBroker: @unchecked Sendable {
    let id: Int32
    let host: String
    let rack: String?
    unowned let cluster: EmbeddedCluster
    /// The ports in the order of the cluster's listeners. The system chooses free ports for 0 at the first start, and
    /// they are kept from then on.
    private(set) var ports: [Int]
    var fetchSessions = FetchSessions()
    /// The listeners in the same order, or empty while the broker is stopped.
    private var listeners: [Listener] = []
    private var connections: [Int: ClientConnection] = [:]

    init(id: Int32, host: String, ports: [Int], rack: String?, cluster: EmbeddedCluster) {
        self.id = id
        self.host = host
        self.ports = ports
        self.rack = rack
        self.cluster = cluster
    }

    var isRunning: Bool { !self.listeners.isEmpty }
    var connectionCount: Int { self.connections.count }

    func start() throws(TransportError) {
        guard !self.isRunning else { return }
        do throws(TransportError) {
            for place in self.ports.indices { self.listeners.append(try self.open(listener: place)) }
        } catch {
            self.closeListeners()
            throw error
        }
        self.fetchSessions = FetchSessions()
        self.cluster.brokerStarted(self.id)
    }

    private func open(listener place: Int) throws(TransportError) -> Listener {
        let cluster = self.cluster
        let id = self.id
        let listener = try Listener(
            host: self.host, port: self.ports[place], tls: cluster.listeners[place].tls, loop: cluster.loop,
            maximumFrameSize: cluster.configuration.maxRequestBytes
        ) { channel in
            cluster.brokers[id]?.accept(channel, on: place)
        }
        self.ports[place] = listener.port
        return listener
    }

    /// Opens a listener again after its settings have changed. Its connections stay open.
    func reopen(listener place: Int) throws(TransportError) {
        guard self.isRunning else { return }
        self.listeners[place].close()
        self.listeners[place] = try self.open(listener: place)
    }

    private func closeListeners() {
        for listener in self.listeners { listener.close() }
        self.listeners = []
    }

    func stop() {
        guard self.isRunning else { return }
        self.closeListeners()
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

    private func accept(_ channel: SocketChannel, on listener: Int) {
        guard self.isRunning else {
            channel.close()
            return
        }
        let connection = ClientConnection(
            broker: self, listener: listener, number: self.cluster.takeNumber(), channel: channel)
        self.connections[connection.number] = connection
        connection.start()
    }
}
