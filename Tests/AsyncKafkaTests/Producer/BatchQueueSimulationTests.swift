// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

/// Random runs of a partition's queue against a model of a broker, with lost requests, lost answers, rejections,
/// timeouts and late arrivals. Invariants: every batch ends exactly once, records reported as stored are in the log and
/// records reported as failed are not, no record is duplicated, and the log has the order of sending.
@Suite struct BatchQueueSimulationTests {
    struct Fault: Sendable {
        /// How many of 100 requests never reach the broker. The next ones lose their answer or are refused temporarily.
        var lostRequests = 0
        var lostAnswers = 0
        var refusals = 0
        var refusedForGood = 0
        var tooLarge = 0
        /// In how many of 100 steps so much time passes that batches expire.
        var expiry = 0
        /// In how many of 100 steps the broker loses the state of its producers.
        var amnesia = 0
        /// In how many of 100 steps the topic is recreated. The producer learns of it some steps later.
        var recreations = 0
    }

    private struct InFlight {
        var transmission: BatchQueue<[Int]>.Transmission
        /// The log that the request is for, as the topic id would show.
        var log = 0
        /// Set once the broker has processed the request.
        var answer: ProduceAnswer?
    }

    @Test(arguments: [
        Fault(), Fault(lostRequests: 10), Fault(lostAnswers: 10), Fault(lostRequests: 10, lostAnswers: 20),
        Fault(lostRequests: 10, lostAnswers: 10, refusals: 10, refusedForGood: 5, tooLarge: 5),
        Fault(lostRequests: 5, lostAnswers: 10, refusals: 10, refusedForGood: 5, expiry: 3),
        Fault(lostAnswers: 30, refusedForGood: 20, tooLarge: 20, expiry: 10), Fault(amnesia: 3),
        Fault(recreations: 3), Fault(lostRequests: 10, refusals: 20, recreations: 5),
        Fault(lostRequests: 5, lostAnswers: 10, refusals: 10, expiry: 2, recreations: 3),
    ])
    func invariantsHoldInRandomRuns(_ fault: Fault) {
        for seed in 0..<150 as Range<UInt64> { self.run(seed: seed, fault) }
    }

    private func run(seed: UInt64, _ fault: Fault) {
        var random = SeededGenerator(seed: seed)
        func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        var log = ModelLog()
        var formerLogs: [ModelLog] = []
        var knownLog = 0
        /// The step in which the producer learns of the new log.
        var learnsOfNewLog: Int?
        var queue = BatchQueue<[Int]>(isIdempotent: true, maximumInFlight: 5)
        var identity = ProducerIdentity(id: 1, epoch: seed % 3 == 0 ? .max - 1 : 0)
        var connection: [InFlight] = []
        var now: Int64 = 0
        var nextRecord = 0
        var outcomes: [Int: String] = [:]
        var splitting: [(id: UInt64, batch: [Int])] = []

        func end(_ batch: [Int], _ outcome: String) {
            for record in batch {
                if outcomes[record] != nil { Issue.record("seed \(seed): record \(record) ended twice") }
                outcomes[record] = outcome
            }
        }
        func expire() {
            for ended in queue.expire(now: MonotonicTime(nanoseconds: now)) {
                end(ended.batch, ended.isOutcomeUnknown ? "unknown" : "failed")
            }
        }
        func answer(_ transmission: BatchQueue<[Int]>.Transmission, _ answer: ProduceAnswer) {
            switch queue.answered(transmission.id, answer) {
            case .stored: end(transmission.batch, "stored")
            case .failed(let isUnknown): end(transmission.batch, isUnknown ? "unknown" : "failed")
            case .split: splitting.append((transmission.id, transmission.batch))
            case .retry, .alreadyEnded: break
            }
        }
        func beginSplit() {
            guard let batch = queue.upNext, batch.count > 1, let id = queue.beginSplit() else { return }
            splitting.append((id, batch))
        }
        func finishSplit() {
            guard let (id, batch) = splitting.popLast() else { return }
            let middle = batch.count / 2
            let parts = [Array(batch[..<middle]), Array(batch[middle...])]
            _ = queue.split(id, into: parts.map { ($0, Int32($0.count)) })
        }
        /// The broker processes the first request that it has not processed yet.
        func serve() {
            guard let index = connection.firstIndex(where: { $0.answer == nil }) else { return }
            let sent = connection[index].transmission
            if connection[index].log != formerLogs.count || happens(fault.refusals) {
                connection[index].answer = .refusedForNow
            } else if happens(fault.refusedForGood) {
                connection[index].answer = .refused
            } else if sent.batch.count > 1, happens(fault.tooLarge) {
                connection[index].answer = .tooLarge
            } else {
                connection[index].answer = log.append(
                    sent.batch, identity: sent.identity!, baseSequence: sent.baseSequence)
            }
        }
        /// The connection breaks. Some requests in flight have reached the broker, but there are no answers.
        func breakConnection(servedFirst: Int) {
            for _ in 0..<servedFirst { serve() }
            let lost = connection
            connection = []
            for request in lost { answer(request.transmission, .uncertain) }
        }

        for step in 0..<600 {
            let isDraining = step >= 300
            now += 1_000_000_000
            if !isDraining, happens(60) {
                let count = Int.random(in: 1...5, using: &random)
                let batch = Array(nextRecord..<nextRecord + count)
                nextRecord += count
                queue.append(
                    batch, count: Int32(count), deadline: MonotonicTime(nanoseconds: now + 200_000_000_000))
            }
            if happens(fault.tooLarge) { beginSplit() }
            if happens(50) { finishSplit() }
            sending: while true {
                switch queue.next(available: identity) {
                case .send(let transmission): connection.append(InFlight(transmission: transmission, log: knownLog))
                case .identityNeeded(let stale):
                    if stale == identity.id { identity = ProducerIdentity(id: identity.id + 1, epoch: 0) }
                case .nothing: break sending
                }
            }
            if connection.count > 5 { Issue.record("seed \(seed): more than five in flight") }
            if happens(fault.amnesia) { log.forgetProducers() }
            if !isDraining, happens(fault.recreations) {
                formerLogs.append(log)
                log = ModelLog()
                learnsOfNewLog = step + Int.random(in: 0...5, using: &random)
            }
            if learnsOfNewLog == step {
                queue.logBeganAnew()
                knownLog = formerLogs.count
                learnsOfNewLog = nil
            }
            if happens(70) { serve() }
            if let first = connection.first, let result = first.answer, happens(70) {
                connection.removeFirst()
                answer(first.transmission, result)
            }
            if !connection.isEmpty, happens(fault.lostRequests) { breakConnection(servedFirst: 0) }
            if !connection.isEmpty, happens(fault.lostAnswers) {
                breakConnection(servedFirst: Int.random(in: 1...5, using: &random))
            }
            if happens(fault.expiry) { now += 150_000_000_000 }
            expire()
            if isDraining { now -= 1_000_000_000 }
        }
        for _ in 0..<10_000 where queue.count > 0 {
            finishSplit()
            if case .send(let sent) = queue.next(available: identity) {
                connection.append(InFlight(transmission: sent, log: knownLog))
            } else if case .identityNeeded(let stale?) = queue.next(available: identity), stale == identity.id {
                identity = ProducerIdentity(id: identity.id + 1, epoch: 0)
            }
            if let first = connection.first {
                connection.removeFirst()
                answer(
                    first.transmission,
                    first.answer
                        ?? log.append(
                            first.transmission.batch, identity: first.transmission.identity!,
                            baseSequence: first.transmission.baseSequence))
            }
        }

        #expect(queue.count == 0, "seed \(seed): batches never end")
        #expect(outcomes.count == nextRecord, "seed \(seed): records never end")
        let logs = formerLogs + [log]
        let stored = Set(logs.flatMap(\.records))
        for log in logs {
            #expect(Set(log.records).count == log.records.count, "seed \(seed): records are stored twice")
            #expect(log.records == log.records.sorted(), "seed \(seed): records are out of order")
        }
        for (record, outcome) in outcomes {
            if outcome == "stored", !stored.contains(record) { Issue.record("seed \(seed): \(record) is lost") }
            if outcome == "failed", stored.contains(record) {
                Issue.record("seed \(seed): \(record) is there after all")
            }
        }
        if fault.expiry == 0, fault.refusedForGood == 0, fault.tooLarge == 0 {
            #expect(!outcomes.values.contains("failed"), "seed \(seed): without a reason to")
        }
        if fault.lostAnswers == 0, fault.lostRequests == 0, fault.expiry == 0 {
            #expect(!outcomes.values.contains("unknown"), "seed \(seed): without a reason to")
        }
    }
}
