// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import Testing

struct HelpTests {
    private func help(_ words: [String], width: Int = 80) throws -> String {
        guard case .help(let path) = try Shop.program.parse(words + ["--help"]) else { return "" }
        return Help(of: path, width: width).text
    }

    @Test func theHelpOfACommandShowsAllThatItTakes() throws {
        #expect(
            try self.help(["order"]) == """
                shop order: orders an article

                usage: shop order [options] ARTICLE [PLACE...]

                Pays on delivery.

                  ARTICLE  What.
                  PLACE    Where to.

                options:
                  -y, --yes               Doesn't ask.
                  -n, --count N           How many. Default: 1.
                      --size SIZE         The size.
                      --extra NAME=VALUE  Extras.
                      --wait DURATION     How long to wait.
                      --room BYTES        How much room there is.

                options of shop:
                  -v, --verbose      Says more.
                  -s, --server HOST  Where the shop is.

                examples:
                  # Two packets of tea
                  shop order tea -n 2
                """)
    }

    @Test func theHelpOfAProgramListsItsCommands() throws {
        #expect(
            try self.help([]) == """
                shop: sells things

                usage: shop COMMAND [options]

                commands:
                  order  orders an article
                  send   sends an order
                  list   lists

                options:
                  -v, --verbose      Says more.
                  -s, --server HOST  Where the shop is.
                """)
    }

    @Test func linesAreBrokenAtTheWidth() throws {
        let text = try self.help(["order"], width: 40)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 46 }, "\(text)")
        #expect(text.contains("How many."))
    }

    @Test func theManualPageHasEveryCommandAndNoAccidentalInstruction() {
        let lines = ManualPage(of: Shop.program).text.split(separator: "\n")
        #expect(lines.contains(".SS shop send \\-\\-address FILE [options]"))
        #expect(lines.contains(".SS shop list articles [options]"))
        #expect(lines.contains("\\-n, \\-\\-count N") == false)
        #expect(lines.contains(".B \\-n, \\-\\-count N"))
        let instructions: Set<Substring> = [".TH", ".SH", ".SS", ".TP", ".B", ".PP", ".nf", ".fi"]
        for line in lines where line.hasPrefix(".") {
            #expect(instructions.contains(line.prefix { $0 != " " }), "\(line)")
        }
    }
}

struct CompletionTests {
    private func words(_ line: [String]) -> [String]? {
        guard case .words(let candidates) = Shop.program.candidates(for: line) else { return nil }
        return candidates.map(\.word)
    }

    @Test func commandsOptionsAndWordsAreOffered() {
        #expect(self.words([""]) == ["order", "send", "list"])
        #expect(self.words(["o"]) == ["order"])
        #expect(self.words(["list", ""]) == ["articles"])
        #expect(self.words(["send", "--"]) == ["--address", "--verbose", "--server"])
        #expect(self.words(["order", "--s"]) == ["--size", "--server"])
        #expect(self.words(["order", "--size", ""]) == ["small", "large"])
        #expect(self.words(["order", "--size", "l"]) == ["large"])
        #expect(self.words(["order", "--size=l"]) == ["large"])
        #expect(self.words(["order", "--colour=l"]) == [])
        #expect(self.words(["order", "tea", "home", "work", ""]) == [])
        #expect(self.words(["order", "--count", "3", "tea", ""]) == [])
    }

    @Test func filesAreOfferedForPaths() {
        #expect(Shop.program.candidates(for: ["send", "--address", ""]) == .files)
    }

    @Test func linesComeFromTheSameServer() {
        #expect(
            Shop.program.candidates(for: ["-s", "x", "order", "-y", ""]) == .lines(of: ["-s", "x", "list", "articles"]))
    }
}
