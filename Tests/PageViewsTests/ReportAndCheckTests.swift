// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import page_views

@Suite struct ReportAndCheckTests {
    private func counts(_ rows: [(String, Int64, Int)]) -> ViewCounts {
        rows.reduce(into: ViewCounts()) { counts, row in
            counts.add(row.2, to: UserWindow(user: row.0, window: Window(containing: row.1)))
        }
    }

    @Test func theReportIsSortedByUserAndTime() {
        let counts = self.counts([("ben", 0, 7), ("anna", 300, 12), ("anna", 0, 3)])
        #expect(
            Report.table(counts) == """
                user  window (UTC)          views
                anna  1970-01-01T00:00:00Z      3
                anna  1970-01-01T00:05:00Z     12
                ben   1970-01-01T00:00:00Z      7
                """)
        #expect(
            Report.csv(counts) == """
                user,window_start,views
                anna,1970-01-01T00:00:00Z,3
                anna,1970-01-01T00:05:00Z,12
                ben,1970-01-01T00:00:00Z,7
                """)
    }

    @Test func namesAreQuotedInCSV() {
        let csv = Report.csv(self.counts([(#"O"Neil, Jr"#, 0, 1)]))
        #expect(csv.hasSuffix("\n\"O\"\"Neil, Jr\",1970-01-01T00:00:00Z,1"))
    }

    @Test func equalCountsMeanExactlyOnce() throws {
        let counts = self.counts([("anna", 0, 1200), ("ben", 0, 34)])
        #expect(
            try Check.verdict(expected: counts, counted: counts)
                == "Every one of the 1,234 views was counted exactly once.")
    }

    @Test func everyDifferenceIsShown() {
        let expected = self.counts([("anna", 0, 3), ("ben", 0, 3), ("clara", 0, 3), ("dev", 0, 3)])
        let counted = self.counts([("anna", 0, 2), ("ben", 300, 3), ("clara", 0, 3), ("dev", 0, 4)])
        #expect {
            try Check.verdict(expected: expected, counted: counted)
        } throws: { error in
            "\(error)" == """
                Not every view was counted exactly once: the log has 12, the store 12, and 4 counts differ.
                user  window (UTC)          in the log  counted
                anna  1970-01-01T00:00:00Z  3                 2
                ben   1970-01-01T00:00:00Z  3                 0
                ben   1970-01-01T00:05:00Z  0                 3
                dev   1970-01-01T00:00:00Z  3                 4
                """
        }
    }
}
