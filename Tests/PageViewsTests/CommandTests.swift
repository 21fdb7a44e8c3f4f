// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import page_views

@Suite struct CommandTests {
    @Test func commandsAreParsed() throws {
        guard case .produce(let produce) = try Command(["produce", "--log", "-", "--topic=views"]) else {
            Issue.record("no produce command")
            return
        }
        #expect(produce.log == "-" && produce.topic == "views")
        guard case .count(let count) = try Command(words("count --topic t --group g --store s --until-idle 3")) else {
            Issue.record("no count command")
            return
        }
        #expect(count.topic == "t" && count.group == "g" && count.store == "s" && count.untilIdle == .seconds(3))
        guard case .report(let report) = try Command(words("report --csv --store s")) else {
            Issue.record("no report command")
            return
        }
        #expect(report.store == "s" && report.csv)
        guard case .check(let check) = try Command(words("check --log l --store s")) else {
            Issue.record("no check command")
            return
        }
        #expect(check.log == "l" && check.store == "s")
    }

    @Test(arguments: [
        ("", "there is no command"), ("fly", "there is no command fly"), ("produce", "--topic is missing"),
        ("count --topic t --group g", "--store is missing"), ("count --topic", "--topic needs a value"),
        ("count --topic=", "--topic needs a value"), ("report --store s --store s", "--store is there twice"),
        ("report s", "\"s\" is no option"), ("report --stroe s", "there is no option --stroe"),
        ("report --store s --csv=yes", "there is no option --csv=yes"),
        ("count --topic t --group g --store s --until-idle soon", "--until-idle must be a number"),
        ("count --topic t --group g --store s --until-idle 0", "--until-idle must be a number"),
        ("produce --topic t --log l --views 3", "--views is for the sample"),
    ])
    func wrongArgumentsAreExplained(line: String, complaint: String) {
        #expect {
            try Command(words(line))
        } throws: {
            "\($0)".contains(complaint)
        }
    }

    @Test func numbersAreGrouped() {
        #expect(
            [0, 999, 1000, 123_456, 1_234_567, -1000].map(\.grouped) == [
                "0", "999", "1,000", "123,456", "1,234,567", "-1,000",
            ])
    }

    private func words(_ line: String) -> [String] {
        line.split(separator: " ").map(String.init)
    }
}
