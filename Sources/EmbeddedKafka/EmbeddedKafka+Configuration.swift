// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

extension EmbeddedKafka {
    /// The configuration of an embedded cluster. Most defaults are Kafka's own.
    public struct Configuration: Sendable {
        /// The number of brokers, whose IDs are 1, 2, 3 and so on. Default: 1.
        public var brokers = 1
        /// The address that the brokers listen on and advertise. Default: `127.0.0.1`.
        public var host = "127.0.0.1"
        /// The brokers' ports in the order of their IDs. Missing ports and 0 stand for a free port. Default: none.
        public var ports: [Int] = []
        /// Listeners with TLS or SASL in addition to the plaintext one. Default: none.
        public var listeners: [Listener] = []
        /// The passwords of users for PLAIN and SCRAM, by user name. Default: none.
        public var users: [String: String] = [:]
        /// The function that validates bearer tokens, with their SASL extensions. Required if a listener has
        /// OAUTHBEARER.
        ///
        /// It runs on the brokers' thread, so it must not block. Default: nil.
        public var checkToken: (@Sendable (_ token: String, _ extensions: [String: String]) -> TokenVerdict)?
        #if GSSAPI
        /// The brokers' Kerberos keys. Required if a listener has GSSAPI. Needs the package trait `GSSAPI`. Default:
        /// nil.
        public var kerberos: Kerberos?
        #endif
        /// The time after which clients must authenticate again (`connections.max.reauth.ms`, KIP-368). Nil means
        /// never. Default: nil.
        public var maxSession: Duration?
        /// What decides on permissions, or nil if everyone may do everything. Default: nil.
        public var authorizer: Authorizer?
        /// The brokers' racks in the order of their IDs (`broker.rack`). Default: none.
        public var racks: [String] = []
        /// Whether brokers refer consumers to a replica in their own rack (KIP-392). Default: false.
        public var offerNearestReplica = false
        /// Whether brokers create a topic when a client requests its metadata (`auto.create.topics.enable`). Default:
        /// true.
        public var createTopicsAutomatically = true
        /// The number of partitions of new topics that don't specify one (`num.partitions`). Default: 1.
        public var defaultPartitions = 1
        /// The number of replicas of new topics that don't specify one (`default.replication.factor`). Default: 1.
        public var defaultReplicationFactor = 1
        /// The number of bytes to keep per partition (`log.retention.bytes`). Default: 1 GiB.
        ///
        /// The oldest batches beyond it are removed, in steps of up to 1 MiB.
        public var retentionBytes = 1 << 30
        /// The time to keep records (`log.retention.ms`). Nil means forever. Default: nil, while Kafka's is a week.
        public var retentionTime: Duration?
        /// The time between two runs of the cleaner, which removes expired records and compacts logs
        /// (`log.retention.check.interval.ms`, `log.cleaner.backoff.ms`). Default: 15 s.
        ///
        /// ``EmbeddedKafka/clean()`` runs it at once.
        public var cleaningInterval: Duration = .seconds(15)
        /// The maximum size of a record batch in bytes (`message.max.bytes`). Default: 1 048 588.
        public var maxBatchBytes = 1_048_588
        /// The maximum size of a request in bytes (`socket.request.max.bytes`). Default: 100 MiB.
        ///
        /// A connection that announces a larger request is closed.
        public var maxRequestBytes = 100 << 20
        /// The maximum size of a Fetch response in bytes, whatever the request allows (`fetch.max.bytes`). Default: 55
        /// MiB.
        public var maxFetchBytes = 55 << 20
        /// The maximum number of partitions in a DescribeTopicPartitions response
        /// (`max.request.partition.size.limit`). Default: 2000.
        public var maxDescribedPartitions = 2000
        /// The session timeouts that group members may request (`group.min.session.timeout.ms`,
        /// `group.max.session.timeout.ms`). Default: 6 s to 30 min.
        public var sessionTimeouts: ClosedRange<Duration> = .seconds(6)...(.seconds(1800))
        /// The time that an empty group waits for more members before its first generation
        /// (`group.initial.rebalance.delay.ms`). Default: 0, while Kafka's is 3 s.
        public var initialRebalanceDelay: Duration = .zero
        /// The maximum number of members of a group (`group.max.size`, `group.consumer.max.size`). Default: unlimited.
        public var maxGroupSize = Int.max
        /// The version of groups, as the level of the feature `group.version`: 0 for clusters that have the classic protocol
        /// alone, 1 for those that also have the consumer protocol (KIP-848). Default: 1.
        public var groupVersion = 1
        /// How groups may change from one protocol to the other while they have members
        /// (`group.consumer.migration.policy`). Default: both ways.
        public var groupMigration = GroupMigration.bidirectional
        /// The time after which a silent member of the consumer protocol is removed
        /// (`group.consumer.session.timeout.ms`). Default: 45 s.
        public var consumerSessionTimeout: Duration = .seconds(45)
        /// The time between heartbeats that members of the consumer protocol are told
        /// (`group.consumer.heartbeat.interval.ms`). Default: 5 s.
        public var consumerHeartbeatInterval: Duration = .seconds(5)
        /// The version of transactions, as the level of the feature `transaction.version`: 0 and 1 for transactions that
        /// add partitions by requests of their own, 2 for those of KIP-890. Default: 2.
        public var transactionVersion = 2
        /// The maximum transaction timeout that producers may request (`transaction.max.timeout.ms`). Default: 15 min.
        public var maxTransactionTimeout: Duration = .seconds(900)
        /// The time after which an unused transactional ID is forgotten (`transactional.id.expiration.ms`). Default: 7 days.
        public var transactionalIDExpiration: Duration = .seconds(604_800)
        /// The time between the end of a transaction and its markers in the partitions. Default: 0.
        ///
        /// Until then, `read_committed` consumers don't read its records, and the producer's next transaction is
        /// refused with `.concurrentTransactions`.
        public var transactionMarkerDelay: Duration = .zero
        /// The highest versions to offer per API, to imitate older brokers. Default: all versions that this library
        /// supports.
        public var maxVersions: [API: Int16] = [:]
        /// The APIs that the brokers don't offer. Default: none.
        public var withheldAPIs: Set<API> = []
        /// Which metrics the brokers want of clients, or nil if they take none (KIP-714). Default: nil.
        ///
        /// ``EmbeddedKafka/pushedMetrics()`` returns what clients have pushed.
        public var metricsSubscription: MetricsSubscription?
        /// The maximum number of requests to record, after which the oldest are removed. Default: 10 000.
        public var requestLogCapacity = 10_000
        /// The brokers' source of time. Tests use their own.
        package var clock = LoopClock.system

        /// Creates a configuration with one broker and the default settings.
        public init() {}

        /// Creates a configuration with a number of brokers and the default settings.
        public init(brokers: Int) {
            self.brokers = brokers
        }
    }
}

extension EmbeddedKafka.Configuration {
    /// The reason why the configuration is invalid, or nil if it is valid.
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
        if let time = self.retentionTime, time < .zero { return "Records can't be kept for \(time)." }
        if self.cleaningInterval <= .zero { return "The cleaner can't run every \(self.cleaningInterval)." }
        if !(0...1).contains(self.groupVersion) { return "Groups have versions 0 and 1, not \(self.groupVersion)." }
        if self.consumerHeartbeatInterval <= .zero || self.consumerSessionTimeout <= self.consumerHeartbeatInterval {
            return
                "Sessions of \(self.consumerSessionTimeout) don't fit heartbeats every \(self.consumerHeartbeatInterval)."
        }
        if !(0...2).contains(self.transactionVersion) {
            return "Transactions have versions 0 to 2, not \(self.transactionVersion)."
        }
        if self.maxTransactionTimeout <= .zero {
            return "A transaction can't have a timeout of \(self.maxTransactionTimeout)."
        }
        if let subscription = self.metricsSubscription {
            if !(.milliseconds(1) ... .milliseconds(Int32.max)).contains(subscription.interval) {
                return "Clients can't push metrics every \(subscription.interval)."
            }
            if !(1...Int(Int32.max)).contains(subscription.maxBytes) {
                return "Clients can't push metrics of up to \(subscription.maxBytes) bytes."
            }
        }
        if self.transactionalIDExpiration <= .zero {
            return "Transactional IDs can't expire after \(self.transactionalIDExpiration)."
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
