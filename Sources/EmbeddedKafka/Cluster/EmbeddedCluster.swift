// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The state of a cluster, which its brokers share: topics, logs, groups and leaders.
///
/// `@unchecked Sendable`, because it is only used on the loop's thread. Other threads use the loop's `execute`.
final class EmbeddedCluster: @unchecked Sendable {
    let configuration: EmbeddedKafka.Configuration
    let loop: EventLoop
    let id: String
    let faults = FaultTable()
    let requests: RequestLog
    let credentials: UserCredentials
    var listeners: [BrokerListener]
    private(set) var settings: ClusterSettings
    var cleaner = LogCleaner()
    /// The ACLs, or nil without an authorizer.
    var acls: ACLTable?
    var quotas = ClientQuotas()
    /// What clients have pushed of their metrics.
    var metrics: MetricsReceiver
    /// The tasks that wait for records or groups.
    let waiters = ClusterWaiters()

    private(set) var brokers: [Int32: EmbeddedBroker] = [:]
    private(set) var topics: [String: Topic] = [:]
    /// What groups know of the topics.
    private(set) var groupTopics = GroupTopics()
    private var namesByID: [KafkaUUID: String] = [:]
    var groups: [String: ConsumerGroup] = [:]
    /// The levels of the features that clients and administrators know by name.
    private(set) var features: [Feature: Int]
    /// The number of changes of features.
    private(set) var featuresEpoch: Int64 = 0
    private(set) lazy var transactions = TransactionCoordinator(cluster: self)
    /// The fetches that wait for records, by number.
    var waitingFetches: [Int: WaitingFetch] = [:]
    private var coordinators: [String: Int32] = [:]
    private var nextProducerID: Int64 = 1000
    private var nextNumber = 0
    private var random = SystemRandomNumberGenerator()

    init(
        configuration: EmbeddedKafka.Configuration, listeners: [BrokerListener], credentials: UserCredentials,
        loop: EventLoop
    ) {
        self.configuration = configuration
        self.listeners = listeners
        self.credentials = credentials
        self.loop = loop
        self.features = [
            .transactionVersion: configuration.transactionVersion, .groupVersion: configuration.groupVersion,
        ]
        self.settings = ClusterSettings(configuration)
        self.metrics = MetricsReceiver(
            configuration.metricsSubscription, capacity: configuration.requestLogCapacity)
        self.acls = configuration.authorizer.map {
            ACLTable(superUsers: $0.superUsers, allowsIfNoACL: $0.allowsIfNoACL)
        }
        self.requests = RequestLog(capacity: configuration.requestLogCapacity)
        var random = SystemRandomNumberGenerator()
        self.id = KafkaUUID.random(using: &random).description
    }

    // MARK: Brokers

    /// Creates and starts the brokers. Returns their addresses by listener.
    func startBrokers() -> Result<[String: [String]], EmbeddedKafkaError> {
        for index in 0..<self.configuration.brokers {
            let broker = EmbeddedBroker(
                id: Int32(index + 1), host: self.configuration.host, ports: self.ports(ofBroker: index),
                rack: self.configuration.racks.indices.contains(index) ? self.configuration.racks[index] : nil,
                cluster: self)
            self.brokers[broker.id] = broker
            do throws(TransportError) {
                try broker.start()
            } catch {
                for other in self.brokers.values { other.stop() }
                return .failure(EmbeddedKafkaError("Broker \(broker.id) can't listen: \(error)."))
            }
        }
        let servers = self.listeners.indices.map { place in
            self.brokers.values.sorted { $0.id < $1.id }.map { broker in
                // Brackets separate an IPv6 address from the port, as in URLs.
                let host = broker.host.contains(":") ? "[\(broker.host)]" : broker.host
                return "\(host):\(broker.ports[place])"
            }
        }
        return .success(Dictionary(uniqueKeysWithValues: zip(self.listeners.map(\.name), servers)))
    }

    /// Returns a broker's configured ports, one per listener, starting with the plaintext listener.
    private func ports(ofBroker index: Int) -> [Int] {
        ([self.configuration.ports] + self.configuration.listeners.map(\.ports)).map { ports in
            ports.indices.contains(index) ? ports[index] : 0
        }
    }

    var liveBrokers: [EmbeddedBroker] {
        self.brokers.values.filter(\.isRunning).sorted { $0.id < $1.id }
    }

    func isRunning(_ broker: Int32) -> Bool {
        self.brokers[broker]?.isRunning ?? false
    }

    /// The broker that metadata names as the controller. All brokers perform a controller's tasks.
    var controllerID: Int32 { self.liveBrokers.first?.id ?? -1 }

    /// Moves the partitions and groups of a stopped broker to others.
    func brokerStopped(_ id: Int32) {
        for partition in self.topics.values.flatMap(\.partitions) where partition.replicas.contains(id) {
            partition.inSyncReplicas.removeAll { $0 == id }
            if partition.leader == id { self.lead(partition, by: partition.inSyncReplicas.first) }
        }
        for (key, broker) in self.coordinators where broker == id { self.moveCoordinator(forKey: key, to: nil) }
    }

    /// Returns a started broker to the in-sync replicas, and makes it the leader of partitions without one.
    func brokerStarted(_ id: Int32) {
        for partition in self.topics.values.flatMap(\.partitions) where partition.replicas.contains(id) {
            if !partition.inSyncReplicas.contains(id) { partition.inSyncReplicas.append(id) }
            if partition.leader == nil { self.lead(partition, by: id) }
        }
        self.transactions.continueAfterChange()
    }

    /// Makes `broker` the leader of a partition, or leaves it without one. The broker becomes a replica if it isn't
    /// one.
    func lead(_ partition: Partition, by broker: Int32?) {
        if let broker, !partition.replicas.contains(broker) {
            let replaced = partition.leader ?? partition.replicas.first
            partition.replicas = partition.replicas.map { $0 == replaced ? broker : $0 }
            partition.inSyncReplicas = partition.replicas.filter(self.isRunning)
        }
        partition.lead(by: broker)
        self.wakeFetches(of: partition)
        if broker != nil { self.transactions.continueAfterChange() }
    }

    /// Gives a partition other replicas. The leader stays if it is one of them.
    func move(_ partition: Partition, to replicas: [Int32]) {
        partition.replicas = replicas
        partition.inSyncReplicas = replicas.filter(self.isRunning)
        if partition.leader.map({ !partition.inSyncReplicas.contains($0) }) ?? true {
            self.lead(partition, by: partition.inSyncReplicas.first)
        }
    }

    // MARK: Topics

    func topic(_ name: String) -> Topic? { self.topics[name] }

    func topic(id: KafkaUUID) -> Topic? { self.namesByID[id].flatMap { self.topics[$0] } }

    /// Creates a topic. The name and numbers must have been checked. `assignments` has the replicas of each partition.
    @discardableResult
    func createTopic(_ name: String, assignments: [[Int32]], configuration: [String: String] = [:]) -> Topic {
        let topic = Topic(name: name, id: self.randomUUID(), configuration: configuration)
        self.topics[name] = topic
        self.namesByID[topic.id] = name
        self.addPartitions(assignments, to: topic)
        self.waiters.notice()
        return topic
    }

    func addPartitions(_ assignments: [[Int32]], to topic: Topic) {
        for replicas in assignments {
            let live = replicas.filter(self.isRunning)
            let partition = Partition(
                topicName: topic.name, topicID: topic.id, index: Int32(topic.partitions.count), replicas: replicas,
                leader: live.first)
            partition.inSyncReplicas = live
            topic.partitions.append(partition)
        }
        self.groupTopics.set(
            topic.name, GroupTopics.Topic(id: topic.id, partitions: Int32(topic.partitions.count)))
    }

    /// Distributes partitions over the brokers in turn, starting with the first broker as the first partition's leader.
    func assignments(partitions: Range<Int>, replicationFactor: Int) -> [[Int32]] {
        let ids = self.liveBrokers.map(\.id)
        guard !ids.isEmpty else { return [] }
        return partitions.map { partition in
            (0..<min(replicationFactor, ids.count)).map { ids[(partition + $0) % ids.count] }
        }
    }

    func deleteTopic(_ topic: Topic) {
        self.topics[topic.name] = nil
        self.namesByID[topic.id] = nil
        self.groupTopics.remove(topic.name)
        for group in self.groups.values { group.forget(topic: topic.name) }
        for partition in topic.partitions { self.wakeFetches(of: partition) }
        self.transactions.continueAfterChange()
    }

    /// Changes settings of all brokers, or of one.
    func setSettings(_ values: [String: String], ofBroker broker: Int32?) {
        self.settings.setChanged(values, of: broker)
        for topic in self.topics.values { topic.forgetSettings() }
        self.cleanLater()
    }

    /// Changes a topic's own settings.
    func setSettings(_ values: [String: String], of topic: Topic) {
        topic.configuration = values
        self.cleanLater()
    }

    /// Does what follows from new records in a partition.
    func appended(_ byteCount: Int, to partition: Partition, _ settings: LogSettings) {
        if let retained = settings.retentionBytes { partition.log.retain(bytes: Int(retained)) }
        if settings.areCleaned { self.cleanLater() }
        for fetch in partition.waitingFetches.values { fetch.credit(byteCount) }
        self.waiters.notice()
    }

    /// Completes the fetches that wait for this partition.
    func wakeFetches(of partition: Partition) {
        for fetch in partition.waitingFetches.values { fetch.finish() }
    }

    // MARK: Coordinators

    enum CoordinatorKind: Int8 {
        case group = 0
        case transaction = 1
    }

    /// Returns the broker that coordinates a group or transactional ID, or nil if no broker is running.
    func coordinator(_ kind: CoordinatorKind, for name: String) -> Int32? {
        let key = "\(kind.rawValue):\(name)"
        if let known = self.coordinators[key], self.isRunning(known) { return known }
        let ids = self.liveBrokers.map(\.id)
        guard !ids.isEmpty else { return nil }
        // FNV-1a, so that a name has the same coordinator in all runs.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let chosen = ids[Int(hash % UInt64(ids.count))]
        self.coordinators[key] = chosen
        return chosen
    }

    func moveCoordinator(_ kind: CoordinatorKind, for name: String, to broker: Int32) {
        self.moveCoordinator(forKey: "\(kind.rawValue):\(name)", to: broker)
    }

    private func moveCoordinator(forKey key: String, to broker: Int32?) {
        guard self.coordinators[key] != broker || broker == nil else { return }
        self.coordinators[key] = broker
        let name = String(key.dropFirst(2))
        if key.hasPrefix("\(CoordinatorKind.group.rawValue):") {
            self.groups[name]?.moveToNewCoordinator()
        } else {
            self.transactions.coordinatorMoved(of: name)
        }
    }

    // MARK: Features

    /// A feature of the cluster, whose level administrators choose (KIP-584).
    enum Feature: String, CaseIterable {
        case transactionVersion = "transaction.version"
        case groupVersion = "group.version"

        var levels: ClosedRange<Int> {
            switch self {
            case .transactionVersion: 0...2
            case .groupVersion: 0...1
            }
        }
    }

    func level(of feature: Feature) -> Int { self.features[feature] ?? 0 }

    func setLevel(of feature: Feature, to level: Int) {
        self.features[feature] = level
        self.featuresEpoch += 1
    }

    // MARK: Groups

    func makeGroup(_ name: String) -> ConsumerGroup {
        if let group = self.groups[name] { return group }
        let group = ConsumerGroup(name: name, cluster: self)
        self.groups[name] = group
        return group
    }

    // MARK: Time

    /// The monotonic time in milliseconds.
    var now: Int64 { self.loop.now.nanoseconds / 1_000_000 }

    /// The time of day in milliseconds since 1970-01-01 00:00 UTC, for record timestamps.
    var wallMilliseconds: Int64 { self.loop.clock.wallMilliseconds }

    func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        self.loop.schedule(after: delay, body)
    }

    // MARK: Numbers

    /// Returns a number that no other call returns.
    func takeNumber() -> Int {
        self.nextNumber += 1
        return self.nextNumber
    }

    func takeProducerID() -> Int64 {
        defer { self.nextProducerID += 1 }
        return self.nextProducerID
    }

    func randomUUID() -> KafkaUUID { .random(using: &self.random) }

    func randomSessionID() -> Int32 { Int32.random(in: 1...Int32.max, using: &self.random) }
}
