// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

extension EmbeddedKafka {
    /// What a cluster is like. Each value's default is given with it; most are Kafka's own.
    public struct Configuration: Sendable {
        /// How many brokers there are. Their ids are 1, 2, 3 and so on. Default: 1.
        public var brokers = 1
        /// The address that the brokers listen on and name to clients. Default: 127.0.0.1.
        public var host = "127.0.0.1"
        /// The ports of the brokers, in the order of their ids. Where there is none, or 0, a free port is taken.
        public var ports: [Int] = []
        /// More ways in, with TLS or SASL, beside the plain one. Default: none.
        public var listeners: [Listener] = []
        /// The users that log in by PLAIN and SCRAM, with their passwords. Default: none.
        public var users: [String: String] = [:]
        /// What decides on bearer tokens, by token and SASL extensions; wanted where a listener has OAUTHBEARER. It runs
        /// where the brokers do: they wait for it.
        public var checkToken: (@Sendable (_ token: String, _ extensions: [String: String]) -> TokenVerdict)?
        #if GSSAPI
        /// The brokers' Kerberos keys; wanted where a listener has GSSAPI. Needs the package trait `GSSAPI`.
        public var kerberos: Kerberos?
        #endif
        /// After so long clients have to log in again (connections.max.reauth.ms, KIP-368). Default: never.
        public var maxSession: Duration?
        /// The racks of the brokers, in the order of their ids (broker.rack). Default: none.
        public var racks: [String] = []
        /// Whether consumers are sent to a replica in their own rack (KIP-392). Default: false.
        public var offerNearestReplica = false
        /// Whether a topic that a client asks for is created (auto.create.topics.enable). Default: true.
        public var createTopicsAutomatically = true
        /// The partitions of a topic that doesn't say (num.partitions). Default: 1.
        public var defaultPartitions = 1
        /// The replicas of a topic that doesn't say (default.replication.factor). Default: 1.
        public var defaultReplicationFactor = 1
        /// Bytes kept of each partition; the oldest batches beyond that are removed, in steps of up to 1 MiB
        /// (log.retention.bytes). Default: 1 GiB.
        public var retentionBytes = 1 << 30
        /// The largest record batch, in bytes (message.max.bytes). Default: 1 048 588.
        public var maxBatchBytes = 1_048_588
        /// The largest request, in bytes; a connection that announces a larger one is closed
        /// (socket.request.max.bytes). Default: 100 MiB.
        public var maxRequestBytes = 100 << 20
        /// The most that one Fetch answers, in bytes, whatever it asks for (fetch.max.bytes). Default: 55 MiB.
        public var maxFetchBytes = 55 << 20
        /// The session timeouts that members of groups may ask for (group.min.session.timeout.ms,
        /// group.max.session.timeout.ms). Default: 6 s to 30 min.
        public var sessionTimeouts: ClosedRange<Duration> = .seconds(6)...(.seconds(1800))
        /// How long an empty group waits for more members before its first generation
        /// (group.initial.rebalance.delay.ms). Default: 0; Kafka's is 3 s.
        public var initialRebalanceDelay: Duration = .zero
        /// The most members that a group may have (group.max.size). Default: no limit.
        public var maxGroupSize = Int.max
        /// The highest versions to offer, where they are not this library's highest: to be like an older broker.
        public var maxVersions: [API: Int16] = [:]
        /// APIs that are not offered.
        public var withheldAPIs: Set<API> = []
        /// How many requests are kept to be looked at; the oldest go first. Default: 10 000.
        public var requestLogCapacity = 10_000
        /// Where the brokers get their time from. Tests drive one of their own.
        package var clock = LoopClock.system

        /// One broker, and Kafka's defaults.
        public init() {}

        /// A number of brokers, and Kafka's defaults.
        public init(brokers: Int) {
            self.brokers = brokers
        }
    }
}

extension EmbeddedKafka.Configuration {
    /// Why no cluster can be like this, if none can.
    var problem: String? {
        if self.brokers < 1 || self.brokers > 1000 {
            return "A cluster must have between 1 and 1000 brokers, not \(self.brokers)."
        }
        if let port = self.ports.first(where: { !(0...65535).contains($0) }) { return "\(port) is no port number." }
        if self.defaultPartitions < 1 || self.defaultPartitions > EmbeddedCluster.maximumPartitions {
            return "A topic can't have \(self.defaultPartitions) partitions."
        }
        if self.defaultReplicationFactor < 1 || self.defaultReplicationFactor > self.brokers {
            return "A topic can't have \(self.defaultReplicationFactor) replicas on \(self.brokers) brokers."
        }
        return self.listeners.indices.lazy.compactMap(self.problem).first
    }

    private func problem(withListener place: Int) -> String? {
        let listener = self.listeners[place]
        let others = [BrokerListener.plain.name] + self.listeners[..<place].map(\.name)
        if listener.name.isEmpty || others.contains(listener.name) {
            return "A listener needs a name of its own; \"\(listener.name)\" is none."
        }
        if let port = listener.ports.first(where: { !(0...65535).contains($0) }) { return "\(port) is no port number." }
        if listener.mechanisms.contains(.oauthBearer), self.checkToken == nil {
            return "The listener \(listener.name) offers OAUTHBEARER, and there is no checkToken to decide on tokens."
        }
        #if GSSAPI
        if listener.mechanisms.contains(.gssapi), self.kerberos == nil {
            return "The listener \(listener.name) offers GSSAPI, and there are no keys to read tickets with (kerberos)."
        }
        #endif
        return nil
    }
}
