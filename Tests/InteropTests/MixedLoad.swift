// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import Testing

/// A topic that is steadily written, and a group that reads it, whose members belong to several clients.
final class MixedLoad: Sendable {
    static let partitions = 8

    let cluster: TestCluster
    let topic: String
    let group = unique("mixed")
    let log = GroupLog()
    let session: Duration
    private let written = Lock<Int64>(0)

    init(_ cluster: TestCluster, session: Duration) async throws {
        self.cluster = cluster
        self.topic = try await cluster.createTopic("mixed", partitions: Self.partitions)
        self.session = session
    }

    /// Writes while `body` runs, about 400 records a second.
    func write<Value>(during body: () async throws -> Value) async throws -> Value {
        let isWriting = Lock(true)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await self.cluster.withProducer { producer in
                    while isWriting.withLock({ $0 }) {
                        let records = (0..<Self.partitions).map {
                            ProducerRecord(topic: self.topic, partition: Int32($0), value: "x")
                        }
                        for result in await producer.send(records) { _ = try result.get() }
                        self.written.withLock { $0 += 1 }
                        // The pace of the load.
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            defer { isWriting.withLock { $0 = false } }
            let value = try await body()
            isWriting.withLock { $0 = false }
            try await tasks.waitForAll()
            return value
        }
    }

    /// Waits until the group has read all that is written by now.
    func progress(_ when: String) async throws {
        let end = self.written.withLock { $0 }
        do {
            try await eventually("the group reads on \(when)", within: .seconds(30)) {
                try self.log.check()
                return self.log.view.isRead(Self.partitions, to: end)
            }
        } catch let timeout as Timeout {
            let behind = self.log.view.behind(end, of: self.topic, partitions: Self.partitions)
            throw Timeout(description: "\(timeout); \(behind.joined(separator: "; "))")
        }
    }

    /// Waits until these members, and no others, have the partitions and read on.
    func settle(_ members: [MixedMember], _ when: String) async throws {
        let names = Set(members.map(\.name))
        try await eventually("\(names.sorted()) have all partitions \(when)", within: .seconds(60)) {
            try self.log.check()
            let shares = self.log.view.holdings.mapValues(\.count).filter { $0.value > 0 }
            return Set(shares.keys) == names && shares.values.reduce(0, +) == Self.partitions
        }
        try await self.progress(when)
    }

    /// Waits until the members have this many partitions.
    func untilShared(_ shares: [String: Int]) async throws { try await self.log.untilShared(shares) }

    /// Reads the rest with one more member of this client, after all others have ended.
    func readToEnd(_ groupProtocol: GroupProtocol) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let last = MixedMember("last", .ours(groupProtocol), self)
            tasks.addTask { try await last.run() }
            try await self.log.until { $0.holdings["last"]?.count == Self.partitions }
            let end = self.written.withLock { $0 }
            try await eventually("the last member has read the rest") {
                try self.log.check()
                return self.log.view.isRead(Self.partitions, to: end)
            }
            await last.stop()
            try await tasks.waitForAll()
        }
    }

    /// The number of records that were read more than once.
    var repeated: Int { self.log.view.reads.values.reduce(0) { $0 + $1.count - Set($1).count } }
    var count: Int { Int(self.written.withLock { $0 }) * Self.partitions }

    /// Checks that each record was read, and that each partition had one owner at a time.
    ///
    /// - Parameter killed: The names of members that were killed. Only what they read, and what members of other clients could not
    ///   commit, may be read again, and only they may lose their partitions.
    func check(killed: Set<String> = []) {
        let view = self.log.view
        let end = self.written.withLock { $0 }
        for (partition, offsets) in view.reads {
            #expect(Set(0..<end).subtracting(offsets).sorted().prefix(10) == [], "\(partition) has lost records")
        }
        #expect(view.reads.count == Self.partitions)
        #expect(view.overlaps.isEmpty, "\(view.overlaps.prefix(5))")
        let losers = view.events.filter { $0.member.hasPrefix("ours") && $0.callback == .lost }.map(\.member)
        #expect(Set(losers).subtracting(killed).isEmpty)
        let excused = killed.union(view.uncommitted)
        let needless = view.repetitions.filter { $0.filter { !excused.contains($0) }.count > 1 }
        #expect(needless.isEmpty, "\(needless.count) records, such as those read by \(needless.prefix(5))")
    }
}

extension GroupLog.View {
    /// Whether members have come this far in all partitions.
    fileprivate func isRead(_ partitions: Int, to end: Int64) -> Bool {
        self.reads.count == partitions && self.reads.values.allSatisfy { ($0.max() ?? -1) >= end - 1 }
    }

    /// A sentence on each partition in which members have not come this far.
    fileprivate func behind(_ end: Int64, of topic: String, partitions: Int) -> [String] {
        let holdings = self.holdings
        return (0..<partitions).compactMap { number in
            let partition = TopicPartition(topic, Int32(number))
            let offsets = self.reads[partition, default: []]
            let last = offsets.max() ?? -1
            guard last < end - 1 else { return nil }
            let holders = holdings.filter { $0.value.contains(partition) }.keys.sorted()
            return "\(partition), held by \(holders), was read to \(last) of \(end - 1), "
                + "lately to \(offsets.last ?? -1) by \(self.readers[partition]?.last ?? "nobody")"
        }
    }
}

/// A member of a mixed group.
final class MixedMember: Sendable {
    /// The client, with its settings.
    enum Client: Sendable {
        case ours(GroupProtocol)
        case other(ForeignMember, HandoverProtocol, assignors: [String]? = nil)

        var name: String {
            switch self {
            case .ours: "ours"
            case .other(let client, _, _): client.testDescription
            }
        }
    }

    let name: String
    let client: Client
    /// Whether the member ends by being killed.
    let dies: Bool
    private let load: MixedLoad
    private let ours: LoggedMember
    private let state = Lock(State())

    private struct State {
        var process: ChildProcess?
        var isStopped = false
    }

    init(_ name: String, _ client: Client, _ load: MixedLoad, dies: Bool = false) {
        self.name = name
        self.dies = dies
        self.client = client
        self.load = load
        self.ours = LoggedMember(name, load.log)
    }

    /// Runs until `stop`.
    func run() async throws {
        let load = self.load
        switch self.client {
        case .ours(let groupProtocol):
            var configuration = load.cluster.consumer(group: load.group)
            configuration.groupProtocol = groupProtocol
            if self.dies { configuration = LoggedMember.dying(configuration) }
            try await self.ours.run(configuration, topics: [load.topic])
            if self.dies { load.log.add(self.name, .lost, Array(load.log.view.holdings[self.name, default: []])) }
        case .other(let client, let handover, let assignors):
            if self.state.withLock({ $0.isStopped }) { return }
            try await client.run(
                self.name, on: load.cluster, topic: load.topic, group: load.group, log: load.log, handover,
                assignors: assignors, session: load.session, mayBeKilled: self.dies
            ) { process in
                let isStopped = self.state.withLock { state in
                    state.process = process
                    return state.isStopped
                }
                if isStopped { await process.stop() }
                await process.ended()
            }
        }
    }

    /// Makes the member leave the group, or kills it if it `dies`.
    func end() async {
        switch self.client {
        case .other where self.dies: self.kill()
        case .ours, .other: await self.stop()
        }
    }

    /// Kills the process, if there is one.
    func kill() {
        let process = self.state.withLock { state in
            state.isStopped = true
            return state.process
        }
        process?.signal(SIGKILL)
    }

    /// Makes the member leave. A process has ended when this returns.
    func stop() async {
        self.ours.stop()
        let process = self.state.withLock { state in
            state.isStopped = true
            return state.process
        }
        await process?.stop()
    }
}
