// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing

/// `page-views check`: counts a log without Kafka and compares the result with the store.
struct Check {
    private static let logOption = RequiredOption("--log", .file(), "The access log; - is standard input.")

    static let command = Command(
        "check", "compares what was counted with a count of the log without Kafka", details: AccessLog.formats,
        takes: [Self.logOption, TallyStore.option]
    ) { try Check($0).run() }

    let log: String
    let store: String

    init(_ arguments: Arguments) {
        self.log = arguments[Self.logOption]
        self.store = arguments[TallyStore.option]
    }

    func run() throws {
        var log = try AccessLog(path: self.log)
        let expected = try log.count()
        if let complaint = log.complaint { complain(complaint) }
        try say(try Check.verdict(expected: expected, counted: try TallyStore(in: self.store).total()))
    }

    /// Returns a sentence if every view was counted exactly once. Otherwise throws the differences.
    static func verdict(expected: ViewCounts, counted: ViewCounts) throws -> String {
        let differences = Set(expected.views.keys).union(counted.views.keys).filter { expected[$0] != counted[$0] }
        guard !differences.isEmpty else {
            return "Every one of the \(expected.total.grouped) views was counted exactly once."
        }
        let shown = differences.sorted().prefix(20)
        var table = Table("user", "window (UTC)", "in the log", "counted")
        for key in shown { table.append(key.user, "\(key.window)", "\(expected[key])", "\(counted[key])") }
        let rest = differences.count - shown.count
        throw Failure(
            "Not every view was counted exactly once: the log has \(expected.total.grouped), the store "
                + "\(counted.total.grouped), and \(differences.count.grouped) counts differ.\n\(table.text)"
                + (rest == 0 ? "" : "\nand \(rest.grouped) more"))
    }
}
