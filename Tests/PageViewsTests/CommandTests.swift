// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import Testing

@testable import page_views

@Suite struct CommandTests {
    private func arguments(_ line: String) throws -> Arguments {
        guard case .run(_, let arguments) = try PageViews.command.parse(line.split(separator: " ").map(String.init))
        else {
            throw UsageError("no command")
        }
        return arguments
    }

    @Test func commandsAreParsed() throws {
        let produce = try Produce(self.arguments("produce --log - --topic=views"))
        #expect(produce.log == "-" && produce.topic == "views" && produce.views == Sample.defaultViews)
        let count = try Count(self.arguments("count --topic t --group g --store s --until-idle 3"))
        #expect(count.topic == "t" && count.group == "g" && count.store == "s" && count.untilIdle == .seconds(3))
        let report = try Report(self.arguments("report --csv --store s"))
        #expect(report.store == "s" && report.csv)
        let check = try Check(self.arguments("check --log l --store s"))
        #expect(check.log == "l" && check.store == "s")
    }

    @Test(arguments: [
        ("count --topic t --group g", "--store is missing"),
        ("count --topic t --group g --store s --until-idle soon", "--until-idle \"soon\": it must be a number"),
        ("count --topic t --group g --store s --until-idle 0", "it must be a number from 1 to"),
        ("report --stroe s", "There is no option --stroe; did you mean --store?"),
        ("produce --topic t --log l --views 3", "--views is for the sample"),
    ])
    func wrongArgumentsAreExplained(line: String, complaint: String) {
        #expect {
            try Produce(self.arguments(line))
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
}
