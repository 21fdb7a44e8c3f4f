// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

extension InteropTests {
    /// The checkers of the cluster tests detect the faults they are meant for.
    @Suite struct Checkers {
        /// Returns a ledger with four records of partition 0: three acknowledged at 0, 1 and 2, and a failed one.
        private func ledger() -> RecordLedger {
            let ledger = RecordLedger(topic: "t", partitions: 1)
            for _ in 0..<4 { _ = ledger.next(of: 0) }
            for number in 0..<3 { ledger.note(.acknowledged(Int64(number)), of: number, partition: 0) }
            ledger.note(.failed(KafkaError(.recordTooLarge, "too large")), of: 3, partition: 0)
            return ledger
        }

        private func log(_ numbers: Int...) -> [RecordLedger.Stored] {
            numbers.enumerated().map { .init(partition: 0, offset: Int64($0), text: "0 \($1) and so on") }
        }

        @Test func theLedgerFindsLostDoubledReorderedMisplacedAndUnwrittenRecords() {
            let ledger = self.ledger()
            #expect(ledger.violations(in: self.log(0, 1, 2)) == [])
            #expect(ledger.violations(in: self.log(0, 1)) == ["0 2 is lost, acknowledged at 2"])
            #expect(
                ledger.violations(in: self.log(0, 1, 1, 2)) == [
                    "0 1 is doubled: at 1 and 2", "0 1 is at 2, acknowledged at 1", "0 2 is at 3, acknowledged at 2",
                ])
            #expect(
                ledger.violations(in: self.log(0, 2, 1)) == [
                    "0 2 is at 1, acknowledged at 2", "0 1 is behind 2", "0 1 is at 2, acknowledged at 1",
                ])
            #expect(ledger.violations(in: self.log(0, 1, 2, 3)) == ["0 3 is stored, and had failed: too large"])
            #expect(ledger.violations(in: self.log(0, 1, 2, 4)) == ["nobody wrote 0 4 and so on to 0"])
            let back = self.log(0, 1, 2) + self.log(0).prefix(1)
            #expect(ledger.violations(in: back).contains("0 0 is read at 0, after 2"))
            #expect(ledger.unacknowledged == ["0 3 failed: too large"])
        }

        @Test func theJournalFindsGapsRepetitionsOverlapsAndWrongStarts() {
            let partition = TopicPartition("t", 0)
            func journal(_ body: (GroupJournal) -> Void) -> [String] {
                let journal = GroupJournal(partitions: 1)
                journal.assigned([partition], to: 1)
                journal.read(0..<10, of: partition, by: 1)
                journal.commitSucceeded(journal.commitBegins(1))
                journal.read(10..<20, of: partition, by: 1)
                body(journal)
                return journal.violations
            }
            let handOver: (GroupJournal, Int64) -> Void = { journal, start in
                journal.revoked([partition], from: 1)
                journal.assigned([partition], to: 2)
                journal.read(start..<30, of: partition, by: 2)
            }
            #expect(journal { handOver($0, 10) } == [])
            #expect(journal { handOver($0, 20) } == ["2 begins t-0 at 20, and 10 is committed"])
            #expect(journal { handOver($0, 9) } == ["2 begins t-0 at 9, and 10 is committed"])
            #expect(journal { $0.read(21..<22, of: partition, by: 1) } == ["1 reads t-0 at 21 and not at 20"])
            #expect(journal { $0.read(19..<20, of: partition, by: 1) } == ["1 reads t-0 at 19 and not at 20"])
            #expect(journal { $0.assigned([partition], to: 2) } == ["t-0 comes to 2 and is still 1's"])
            #expect(journal { $0.read(20..<21, of: partition, by: 2) } == ["2 reads t-0, which is 1's"])
            #expect(journal { $0.lost([partition], by: 1) } == ["1 loses [t-0]"])
        }
    }
}
