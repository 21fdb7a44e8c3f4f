// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct ConnectionTableStateMachineTests {
    private final class Connection: Sendable {}
    private typealias Machine = ConnectionTableStateMachine<Connection>

    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private let backoff: (Int) -> Duration = { .milliseconds(100 * $0) }
    private let refusal = KafkaError(.connectionFailed, "refused", isRetriable: true)
    private let brokers: [Int32: Broker] = [
        1: Broker(id: 1, host: "one", port: 1), 2: Broker(id: 2, host: "two", port: 2),
        3: Broker(id: 3, host: "three", port: 3),
    ]

    private func key(_ broker: Int32, _ purpose: ConnectionPurpose = .general) -> ConnectionKey {
        ConnectionKey(target: .broker(broker), purpose: purpose)
    }

    private let bootstrap = ConnectionKey(target: .bootstrap(0), purpose: .general)

    private func machine() -> Machine {
        var machine = Machine(bootstrap: [Broker(host: "one", port: 1)])
        machine.began()
        _ = machine.brokersChanged(self.brokers)
        return machine
    }

    private func waiter(_ obtained: Machine.Obtained) -> (id: Machine.Waiter, begins: Bool)? {
        if case .wait(let id, let begins) = obtained { (id, begins) } else { nil }
    }

    private func connect(_ machine: inout Machine, _ key: ConnectionKey) -> Connection {
        let connection = Connection()
        _ = machine.obtain(key, now: self.start)
        _ = self.connected(&machine, key, connection)
        return connection
    }

    /// Reports an open connection to the broker. Returns the waiters that it completes, or nil if it is rejected.
    private func connected(
        _ machine: inout Machine, _ key: ConnectionKey, _ connection: Connection = Connection()
    ) -> Set<Machine.Waiter>? {
        let broker = machine.address(of: key) ?? Broker(host: "nowhere", port: 1)
        guard case .serve(let waiters) = machine.connected(key, connection, to: broker, isOpen: true) else {
            return nil
        }
        return waiters
    }

    private func candidates(
        _ machine: Machine, avoiding: [KafkaServer] = [], paused: Connection? = nil, lastAnswer: MonotonicTime? = nil
    ) -> (open: [Connection], others: [ConnectionKey]) {
        machine.candidates(
            known: self.brokers, avoiding: avoiding, isReady: { $0 !== paused },
            lastAnswer: { _ in lastAnswer ?? self.start }, shuffled: { $0.sorted { "\($0)" < "\($1)" } })
    }

    @Test func allCallersWaitForOneAttempt() throws {
        var machine = self.machine()
        let first = try #require(self.waiter(machine.obtain(self.key(1), now: self.start)))
        let second = try #require(self.waiter(machine.obtain(self.key(1), now: self.start)))
        #expect(first.begins && !second.begins)
        let waiting = self.connected(&machine, self.key(1))
        #expect(waiting == [first.id, second.id])
        #expect(self.waiter(machine.obtain(self.key(1), now: self.start)) == nil)
    }

    @Test func aFailureIsReportedImmediatelyUntilTheBackoffIsOver() throws {
        var machine = self.machine()
        for failures in 1...2 {
            let now = self.start + .seconds(Int64(failures))
            let waiter = try #require(self.waiter(machine.obtain(self.key(1), now: now)))
            #expect(waiter.begins)
            let told = machine.failed(self.key(1), self.refusal, now: now, backoff: self.backoff)
            #expect(told == [waiter.id])
            guard case .refused = machine.obtain(self.key(1), now: now + .milliseconds(Int64(100 * failures - 1)))
            else {
                Issue.record("an attempt begins before its time")
                return
            }
        }
    }

    @Test func aCallerThatGaveUpIsNotNotified() throws {
        var machine = self.machine()
        let waiter = try #require(self.waiter(machine.obtain(self.key(1), now: self.start)))
        let hasWaited = machine.waitEnded(self.key(1), waiter.id)
        #expect(hasWaited)
        let told = self.connected(&machine, self.key(1))
        #expect(told == [])
    }

    @Test func aBootstrapConnectionToABrokerBecomesThatBrokersConnection() {
        var machine = Machine(bootstrap: [Broker(host: "one", port: 1)])
        let connection = self.connect(&machine, self.bootstrap)
        let moved = machine.brokersChanged(self.brokers)
        #expect(moved.isEmpty)
        #expect(machine.connection(self.key(1)) === connection)
        #expect(machine.connection(self.bootstrap) == nil)
    }

    @Test func connectionsToAnOldAddressAreClosed() {
        var machine = self.machine()
        let open = [self.connect(&machine, self.key(1)), self.connect(&machine, self.key(1, .fetch))]
        let moved = machine.brokersChanged([1: Broker(id: 1, host: "elsewhere", port: 1)])
        #expect(Set(moved.map(ObjectIdentifier.init)) == Set(open.map(ObjectIdentifier.init)))
        #expect(machine.address(of: self.key(1))?.host == "elsewhere")
    }

    @Test func refusingBrokersAreAskedOnlyIfThereIsNoOther() throws {
        var machine = self.machine()
        let one = self.connect(&machine, self.key(1))
        #expect(self.candidates(machine).open.first === one)
        let servers = self.brokers.mapValues(\.server)
        let first = try #require(servers[1])
        let second = try #require(servers[2])
        let (open, others) = self.candidates(machine, avoiding: [first, second])
        #expect(open.isEmpty)
        #expect(others == [self.key(3), self.key(1), self.key(2)], "the oldest refusal comes before the newer one")
    }

    /// Its other connections are open and idle.
    @Test func silentBrokersAreAskedLastUntilTheyAnswer() throws {
        var machine = self.machine()
        _ = self.connect(&machine, self.key(1))
        let server = try #require(self.brokers[1]?.server)
        machine.noteSilence(of: server, now: self.start + .seconds(1))
        #expect(self.candidates(machine).open.isEmpty)
        #expect(self.candidates(machine).others.last == self.key(1))
        #expect(self.candidates(machine, lastAnswer: self.start + .seconds(2)).open.count == 1)
        let heartbeats = self.connect(&machine, self.key(1, .coordinator))
        #expect(self.candidates(machine).open.count == 1, "it has just accepted a connection")
        machine.ended(
            heartbeats, KafkaError(.timedOut, "", isRetriable: true), now: self.start + .seconds(3),
            backoff: self.backoff)
        #expect(self.candidates(machine).open.isEmpty)
    }

    /// Another broker may use that address now.
    @Test func aConnectionToAFormerAddressIsRejected() throws {
        var machine = self.machine()
        let waiter = try #require(self.waiter(machine.obtain(self.key(1), now: self.start)))
        let old = try #require(machine.address(of: self.key(1)))
        _ = machine.brokersChanged([1: Broker(id: 1, host: "elsewhere", port: 1)])
        guard case .refuse(let told, let error) = machine.connected(self.key(1), Connection(), to: old, isOpen: true)
        else {
            Issue.record("it is taken")
            return
        }
        #expect(told == [waiter.id] && error.isRetriable)
        #expect(machine.openConnections.isEmpty)
    }

    /// It wouldn't send the request immediately.
    @Test func pausedConnectionsComeAfterUnconnectedBrokers() {
        var machine = self.machine()
        let paused = self.connect(&machine, self.key(1))
        let (open, others) = self.candidates(machine, paused: paused)
        #expect(open.isEmpty && others.last == self.key(1) && others.count == 3)
    }

    @Test func nothingIsConnectedAfterClosing() throws {
        var machine = self.machine()
        let waiter = try #require(self.waiter(machine.obtain(self.key(1), now: self.start)))
        let open = self.connect(&machine, self.key(2))
        let (connections, waiters) = machine.close(KafkaError(.closed, ""))
        #expect(connections.count == 1 && connections.first === open)
        #expect(waiters == [waiter.id])
        let told = self.connected(&machine, self.key(1))
        #expect(told == nil)
        guard case .refused = machine.obtain(self.key(1), now: self.start) else {
            Issue.record("a closed table connects")
            return
        }
    }

    /// For any sequence of events: there is one attempt per key at a time, each waiter is notified once, and every open
    /// connection is known.
    @Test(arguments: UInt64(1)...100)
    func everyWaiterIsNotifiedOnceAndNoConnectionIsLost(seed: UInt64) {
        var random = SeededRandom(seed)
        var machine = self.machine()
        var now = self.start
        var attempts: Set<ConnectionKey> = []
        var waiting: [Machine.Waiter: ConnectionKey] = [:]
        var open: Set<ObjectIdentifier> = []
        var kept: [Connection] = []
        let keys = [self.key(1), self.key(2), self.key(1, .fetch), self.key(2, .coordinator), self.bootstrap]
        func told(_ ids: Set<Machine.Waiter>) {
            for id in ids { #expect(waiting.removeValue(forKey: id) != nil) }
        }
        for _ in 0..<500 {
            let key = keys.randomElement(using: &random) ?? self.bootstrap
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                guard let (id, begins) = self.waiter(machine.obtain(key, now: now)) else { break }
                waiting[id] = key
                #expect(attempts.contains(key) != begins)
                attempts.insert(key)
            case 2 where attempts.remove(key) != nil:
                let connection = Connection()
                kept.append(connection)
                open.insert(ObjectIdentifier(connection))
                told(self.connected(&machine, key, connection) ?? [])
            case 3 where attempts.remove(key) != nil:
                told(machine.failed(key, self.refusal, now: now, backoff: self.backoff))
            case 4:
                guard let connection = machine.openConnections.randomElement(using: &random) else { break }
                open.remove(ObjectIdentifier(connection))
                machine.ended(connection, self.refusal, now: now, backoff: self.backoff)
            case 5:
                let address = Broker(id: 1, host: ["one", "other"].randomElement(using: &random) ?? "one", port: 1)
                for connection in machine.brokersChanged([1: address]) { open.remove(ObjectIdentifier(connection)) }
            case 6:
                guard let (id, key) = waiting.randomElement(using: &random) else { break }
                let hasWaited = machine.waitEnded(key, id)
                #expect(hasWaited)
                waiting[id] = nil
            default:
                now = now + .milliseconds(.random(in: 1...200, using: &random))
            }
            #expect(Set(machine.openConnections.map(ObjectIdentifier.init)) == open)
        }
        let (connections, waiters) = machine.close(KafkaError(.closed, ""))
        #expect(Set(connections.map(ObjectIdentifier.init)) == open)
        #expect(waiters == Set(waiting.keys))
    }

    /// Their failures would be shown for ever.
    @Test func serversThatAreNotAskedAnyMoreAreNotAmongTheKnownOnes() {
        var machine = self.machine()
        for key in [self.bootstrap, self.key(2), self.key(3)] {
            _ = machine.obtain(key, now: self.start)
            _ = machine.failed(key, self.refusal, now: self.start, backoff: self.backoff)
        }
        func known(_ brokers: [Int32: Broker]) -> [String] { machine.known(in: brokers).map(\.broker.host).sorted() }
        #expect(known([:]) == ["one", "three", "two"])
        #expect(known(self.brokers) == ["three", "two"], "the bootstrap server is broker 1")
        #expect(known(self.brokers.filter { $0.key != 3 }) == ["two"])
    }

    @Test func failuresLastFromTheFirstToTheNextSuccess() {
        var machine = self.machine()
        for seconds in [0, 4] {
            _ = machine.obtain(self.key(2), now: self.start + .seconds(seconds))
            _ = machine.failed(self.key(2), self.refusal, now: self.start + .seconds(seconds), backoff: self.backoff)
        }
        #expect(machine.failingSince == self.start)
        _ = self.connect(&machine, self.key(3))
        #expect(machine.failingSince == nil)
    }
}
