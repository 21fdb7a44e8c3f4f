// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

extension InteropTests {
    /// The checker of transactions detects the faults that it is meant for.
    @Suite struct AppendHistories {
        private typealias Transaction = AppendedNumber.Transaction

        /// Returns a history of two producers of an id: a committed and an aborted transaction, one with an unknown outcome, and
        /// one of the producer that took over, each with a number in partitions 0 and 1.
        private func history() -> AppendHistory {
            let history = AppendHistory()
            for (producer, number, outcome) in [
                (0, 0, AppendHistory.Outcome.committed), (0, 1, .aborted), (0, 2, .unknown), (1, 0, .committed),
            ] {
                let transaction = Transaction(id: 0, producer: producer, number: number)
                history.begins(transaction, in: [0, 1])
                history.ended(transaction, outcome)
            }
            return history
        }

        /// Returns a log with the numbers of transactions of id 0 at the given offsets.
        private func log(_ partition: Int, _ records: (producer: Int, number: Int, offset: Int64)...)
            -> [AppendHistory.Stored]
        {
            records.map { producer, number, offset in
                let transaction = Transaction(id: 0, producer: producer, number: number)
                let text = AppendedNumber(transaction, index: partition).text
                return AppendHistory.Stored(partition: partition, offset: offset, text: text)
            }
        }

        @Test func whatIsCommittedAndWhatIsUnknownMayBeRead() {
            let history = self.history()
            #expect(history.violations(in: self.log(0, (0, 0, 0), (1, 0, 4)) + self.log(1, (0, 0, 0), (1, 0, 4))) == [])
            #expect(
                history.violations(
                    in: self.log(0, (0, 0, 0), (0, 2, 4), (1, 0, 6)) + self.log(1, (0, 0, 0), (0, 2, 4), (1, 0, 6)))
                    == [])
        }

        @Test func abortedTornAndLostTransactionsAreFound() {
            let history = self.history()
            let other = self.log(1, (0, 0, 0), (1, 0, 4))
            #expect(
                history.violations(
                    in: self.log(0, (0, 0, 0), (0, 1, 2), (1, 0, 4)) + self.log(1, (0, 0, 0), (0, 1, 2), (1, 0, 4)))
                    == ["0.0.1/0 is at 0@2, and was aborted", "0.0.1/1 is at 1@2, and was aborted"])
            #expect(
                history.violations(in: self.log(0, (0, 0, 0), (0, 2, 2), (1, 0, 4)) + other)
                    == ["0.0.2 is torn: of its 2 numbers, those at [1] are missing"])
            #expect(
                history.violations(in: self.log(0, (0, 0, 0)) + self.log(1, (0, 0, 0)))
                    == ["0.1.0 is lost, and was committed"])
        }

        @Test func doubledReorderedMisplacedAndMixedRecordsAreFound() {
            let history = self.history()
            let other = self.log(1, (0, 0, 0), (1, 0, 4))
            #expect(
                history.violations(in: self.log(0, (0, 0, 0), (0, 0, 2), (1, 0, 4)) + other)
                    == ["0.0.0/0 is doubled at 0@2"])
            #expect(
                history.violations(in: self.log(0, (1, 0, 0), (0, 0, 2)) + other) == [
                    "0.0.0/0 is at 0@2, after 0.1.0/0"
                ])
            #expect(
                history.violations(in: self.log(0, (0, 0, 0), (1, 0, 1)) + other) == [
                    "0.1.0/0 is at 0@1, in the same transaction as 0.0.0/0"
                ])
            let stranger = AppendHistory.Stored(partition: 1, offset: 9, text: "0 0 0 0")
            #expect(
                history.violations(in: self.log(0, (0, 0, 0), (1, 0, 4)) + other + [stranger]) == [
                    "nobody wrote \"0 0 0 0\", which is at 1@9"
                ])
        }

        @Test func aReaderThatHasReadSomethingElseIsFound() {
            let log = self.log(0, (0, 0, 0), (0, 2, 4), (1, 0, 6))
            #expect(AppendHistory.violations(of: Array(log.prefix(2)), comparedWith: log) == [])
            #expect(
                AppendHistory.violations(of: self.log(0, (0, 0, 0), (0, 1, 2)), comparedWith: log)
                    == ["0@2 \"0 0 1 0\" was read, and the log has 4 \"0 0 2 0\""])
            #expect(
                AppendHistory.violations(of: log, comparedWith: Array(log.prefix(2)))
                    == ["0@6 \"0 1 0 0\" was read, and the log has the end"])
        }
    }
}
