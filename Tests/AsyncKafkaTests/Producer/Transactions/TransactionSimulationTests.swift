// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka
@testable import EmbeddedKafka

/// The producer's machine against the state of a coordinator and the logs of some partitions. Requests and answers are lost,
/// come late, or come twice; transactions last too long; another producer takes the id over.
@Suite(.timeLimit(.minutes(2))) struct TransactionSimulationTests {
    @Test(arguments: [false, true]) func transactionsAreNeitherLostNorTornNorMixed(isVersion2: Bool) {
        var commits = 0
        for seed in 0..<300 as Range<UInt64> {
            var simulation = TransactionSimulation(isVersion2: isVersion2, seed: seed)
            for _ in 0..<400 { simulation.step() }
            simulation.finish()
            commits += simulation.commitCount
        }
        // Otherwise the runs would prove nothing.
        #expect(commits > 1000, "\(commits)")
    }
}

/// One run.
private struct TransactionSimulation {
    typealias Machine = TransactionStateMachine
    typealias Coordinator = TransactionalIDState

    /// A record on its way to a partition.
    private struct Record: Hashable {
        let transaction: UInt64
        let number: Int
        let partition: Int32
        let identity: ProducerIdentity
    }

    /// A partition's log, as far as the producer's id is concerned.
    private struct Log {
        var epoch: Int16 = -1
        var open: [Record] = []
        var committed: [Record] = []
        var all: Set<Record> = []
    }

    private let isVersion2: Bool
    private let seed: UInt64
    private var random: SeededRandom
    private var machine = Machine()
    private var coordinator = Coordinator(producerID: 7)
    private var nextProducerID: Int64 = 8
    private var logs: [Int32: Log] = [:]
    /// Requests that were given up for lost and may arrive yet.
    private var lateRequests: [Machine.Request] = []
    /// Records that are sent and not acknowledged. The producer repeats them until they are, or the transaction is given up.
    private var inFlight: [Record] = []
    private var lateRecords: [Record] = []
    /// What the open transaction wants to write and has not been allowed to yet.
    private var wanted: [(Int, Int32)] = []
    /// What each transaction has written.
    private var written: [UInt64: Set<Record>] = [:]
    /// The transaction that is not decided yet. Its number is the machine's, after those of earlier producers.
    private var current: UInt64?
    private var earlier: UInt64 = 0
    private var count = 0
    private(set) var commitCount = 0
    /// What the producer says of its transactions. Nil means that it doesn't know.
    private var outcomes: [UInt64: Machine.Outcome?] = [:]

    init(isVersion2: Bool, seed: UInt64) {
        self.isVersion2 = isVersion2
        self.seed = seed
        self.random = SeededRandom(seed)
    }

    private var version: TransactionVersion { self.isVersion2 ? .v2 : .v1 }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    mutating func step() {
        switch Int.random(in: 0..<12, using: &self.random) {
        case 0, 1, 2: self.request()
        case 3, 4: self.useTransaction()
        case 5, 6, 7: self.deliverRecord()
        case 8, 9: self.writeMarker()
        case 10: self.deliverLate()
        default: if self.chance(4) { self.trouble() }
        }
        self.noteEnd()
    }

    /// Lets everything that is still open end.
    mutating func finish() {
        self.abort()
        self.inFlight = []
        for _ in 0..<200 {
            self.request(isReliable: true)
            self.writeMarker()
            self.noteEnd()
        }
        for number in self.outcomes.keys.sorted() {
            let committed = Set(self.logs.values.flatMap(\.committed)).filter { $0.transaction == number }
            let written = self.written[number, default: []]
            let expected: [Set<Record>] =
                switch self.outcomes[number] {
                case .some(.commit): [written]
                case .some(.abort): [[]]
                case .some(.none), .none: [written, []]
                }
            #expect(expected.contains(committed), "transaction \(number), seed \(self.seed)")
        }
    }

    // MARK: The application

    private mutating func useTransaction() {
        guard let current else {
            guard case .begun(let number) = self.machine.begin(self.version) else { return }
            self.current = self.earlier + number
            self.wanted = (0..<Int.random(in: 0..<5, using: &self.random)).map { _ in
                self.count += 1
                return (self.count, Int32.random(in: 0..<3, using: &self.random))
            }
            return
        }
        guard case .open(let open) = self.machine.state, self.earlier + open.number == current else { return }
        if open.abortReason != nil || self.chance(5) { return self.abort() }
        if let (number, partition) = self.wanted.first {
            guard let identity = self.machine.mayWrite(to: TopicPartition("t", partition)) else { return }
            self.wanted.removeFirst()
            self.inFlight.append(
                Record(transaction: current, number: number, partition: partition, identity: identity))
        } else if self.inFlight.isEmpty {
            self.machine.end(.commit)
        }
    }

    private mutating func abort() {
        self.wanted = []
        self.lateRecords += self.inFlight
        // Version 1 waits for what is on its way: it arrives, or its connection is closed.
        if self.isVersion2 { self.inFlight = [] }
        self.machine.end(.abort)
    }

    private mutating func noteEnd() {
        if let failure = self.machine.failure {
            // A new producer with the id takes over.
            if let current { self.outcomes[current] = .some(failure.isOutcomeUnknown ? nil : .abort) }
            self.current = nil
            self.lateRecords += self.inFlight
            self.inFlight = []
            self.earlier += 1000
            self.machine = Machine()
        }
        guard let current, let ended = self.machine.lastEnded, self.earlier + ended.number == current else { return }
        self.outcomes[current] = ended.outcome
        if ended.outcome == .commit { self.commitCount += 1 }
        self.current = nil
        self.inFlight = []
    }

    // MARK: The coordinator

    private mutating func request(isReliable: Bool = false) {
        guard let request = self.machine.takeRequest(isQuiet: self.inFlight.isEmpty) else { return }
        let lost = KafkaError(.connectionFailed, "lost", isRetriable: true, isOutcomeUnknown: true)
        if !isReliable, self.chance(15) {
            if self.chance(50) { _ = self.handle(request) } else { self.lateRequests.append(request) }
            self.machine.answered(.failed(lost, request.consequence(of: lost)))
        } else {
            self.machine.answered(self.handle(request))
        }
    }

    private mutating func handle(_ request: Machine.Request) -> Machine.Answer {
        let newID = self.takeID()
        do throws(BrokerError) {
            switch request {
            case .initialize(let current):
                let producer = try self.coordinator.initProducer(
                    continuing: current.map { Coordinator.Producer(id: $0.id, epoch: $0.epoch) }, timeout: 1000,
                    bumpsEpochs: self.isVersion2, takeID: { newID })
                return .initialized(ProducerIdentity(id: producer.id, epoch: producer.epoch))
            case .addPartitions(let partitions, let identity):
                try self.coordinator.add(
                    Set(partitions.map { Coordinator.Place(topic: "t", partition: $0.partition) }),
                    by: Coordinator.Producer(id: identity.id, epoch: identity.epoch), now: 0)
                return .done
            case .addOffsets, .commitOffsets:
                return .done
            case .end(let outcome, let identity, let version):
                let next = try self.coordinator.end(
                    isCommit: outcome == .commit, by: Coordinator.Producer(id: identity.id, epoch: identity.epoch),
                    bumpsEpoch: version == .v2, now: 0, takeID: { newID })
                return .ended(next: version == .v2 ? ProducerIdentity(id: next.id, epoch: next.epoch) : nil)
            }
        } catch {
            let failure = KafkaError(error.code, doing: "testing")
            return .failed(failure, request.consequence(of: failure))
        }
    }

    private mutating func takeID() -> Int64 {
        defer { self.nextProducerID += 1 }
        return self.nextProducerID
    }

    private mutating func writeMarker() {
        guard let marker = self.coordinator.marker else { return }
        if let place = marker.places.randomElement(using: &self.random) {
            var log = self.logs[place.partition, default: Log()]
            log.epoch = max(log.epoch, marker.producer.epoch)
            if marker.isCommit {
                #expect(Set(log.open.map(\.transaction)).count <= 1, "mixed, seed \(self.seed)")
                log.committed += log.open
            }
            log.open = []
            self.logs[place.partition] = log
            self.coordinator.places.remove(place)
        } else {
            self.coordinator.complete()
        }
    }

    // MARK: Records

    private mutating func deliverRecord() {
        guard let index = self.inFlight.indices.randomElement(using: &self.random) else { return }
        let record = self.inFlight[index]
        if self.chance(10) { return }
        let code = self.store(record)
        // The answer may be lost, and the record is sent again.
        if self.chance(10) { return }
        switch code {
        case .none: self.inFlight.remove(at: index)
        case .concurrentTransactions: break
        default:
            self.inFlight.remove(at: index)
            let error = KafkaError(code, doing: "testing")
            self.machine.spoil(because: error)
        }
    }

    /// Stores a record as a partition's leader does.
    private mutating func store(_ record: Record) -> ErrorCode {
        var log = self.logs[record.partition, default: Log()]
        defer { self.logs[record.partition] = log }
        guard record.identity.epoch >= log.epoch else { return .invalidProducerEpoch }
        if log.all.contains(record) { return .none }
        if log.open.first?.identity != record.identity {
            let place = Coordinator.Place(topic: "t", partition: record.partition)
            let producer = Coordinator.Producer(id: record.identity.id, epoch: record.identity.epoch)
            do throws(BrokerError) {
                if self.isVersion2 {
                    try self.coordinator.add([place], by: producer, now: 0)
                } else {
                    try self.coordinator.verify(place, by: producer)
                }
            } catch {
                return error.code
            }
        }
        log.epoch = record.identity.epoch
        log.open.append(record)
        log.all.insert(record)
        self.written[record.transaction, default: []].insert(record)
        return .none
    }

    // MARK: Trouble

    private mutating func deliverLate() {
        if let index = self.lateRequests.indices.randomElement(using: &self.random) {
            _ = self.handle(self.lateRequests.remove(at: index))
        }
        if let index = self.lateRecords.indices.randomElement(using: &self.random) {
            _ = self.store(self.lateRecords.remove(at: index))
        }
    }

    private mutating func trouble() {
        if self.chance(50) {
            let newID = self.takeID()
            self.coordinator.fence(bumpsEpochs: self.isVersion2, takeID: { newID })
        } else {
            // Another producer with the id, which does nothing.
            _ = self.handle(.initialize(current: nil))
        }
    }
}
