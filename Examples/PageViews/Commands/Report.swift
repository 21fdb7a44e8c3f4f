// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing

/// `page-views report`: prints the store, sorted by user and time.
struct Report {
    private static let csvFlag = Flag("--csv", "Prints comma-separated values.")

    static let command = Command(
        "report", "prints what was counted", takes: [TallyStore.option, Self.csvFlag]
    ) { try Report($0).run() }

    let store: String
    let csv: Bool

    init(_ arguments: Arguments) {
        self.store = arguments[TallyStore.option]
        self.csv = arguments[Self.csvFlag]
    }

    func run() throws {
        let counts = try TallyStore(in: self.store).total()
        try say(self.csv ? Report.csv(counts) : Report.table(counts))
    }

    static func table(_ counts: ViewCounts) -> String {
        var table = Table("user", "window (UTC)", "views")
        for (key, views) in counts.sorted { table.append(key.user, "\(key.window)", "\(views)") }
        return table.text
    }

    static func csv(_ counts: ViewCounts) -> String {
        var lines = ["user,window_start,views"]
        for (key, views) in counts.sorted { lines.append("\(quoted(key.user)),\(key.window),\(views)") }
        return lines.joined(separator: "\n")
    }

    /// Returns the text quoted as in RFC 4180 if it has a comma, quotation mark or line break.
    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { ",\"\n\r".utf8.contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
