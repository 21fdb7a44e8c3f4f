// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import Testing

/// A program with all kinds of parameters.
enum Shop {
    enum Size: String, CaseIterable, Sendable { case small, large }

    static let verbose = Flag("--verbose", short: "v", "Says more.")
    static let server = Option("--server", short: "s", .text("HOST"), "Where the shop is.")
    static let yes = Flag("--yes", short: "y", "Doesn't ask.")
    static let count = Option("--count", short: "n", .number(in: 1...10), "How many. Default: 1.")
    static let size = Option("--size", .word("SIZE"), "The size.") as Option<Size>
    static let extra = Option("--extra", .pair(), isRepeatable: true, "Extras.")
    static let wait = Option("--wait", .duration(), "How long to wait.")
    static let room = Option("--room", .bytes(), "How much room there is.")
    static let article = Operand("ARTICLE", .text("ARTICLE", completion: .lines(of: ["list", "articles"])), "What.")
    static let places = Operands("PLACE", .text("PLACE"), count: 0...2, "Where to.")
    static let address = RequiredOption("--address", .file(), "The address.")

    static let program = Command(
        "shop", "sells things", takes: [Self.verbose, Self.server],
        subcommands: [
            Command(
                "order", aliases: ["buy"], "orders an article", details: "Pays on delivery.",
                takes: [
                    Self.article, Self.places, Self.yes, Self.count, Self.size, Self.extra, Self.wait, Self.room,
                ], examples: [Command.Example("shop order tea -n 2", "Two packets of tea")]
            ) { _ in },
            Command("send", "sends an order", takes: [Self.address]) { _ in },
            Command("list", "lists", subcommands: [Command("articles", "lists articles") { _ in }]),
        ])

    static func arguments(_ line: String) throws -> Arguments {
        guard case .run(_, let arguments) = try Self.program.parse(line.split(separator: " ").map(String.init)) else {
            throw UsageError("nothing to run")
        }
        return arguments
    }
}

struct CommandParsingTests {
    @Test func allFormsOfOptionsAreRead() throws {
        for line in [
            "order tea --yes --count 3 --size large --server x", "buy tea -y -n 3 --size=large -s x",
            "-s x order --size=large -yn3 tea", "--server=x order --count=3 --yes --size large -- tea",
        ] {
            let arguments = try Shop.arguments(line)
            #expect(arguments[Shop.article] == "tea", "\(line)")
            #expect(arguments[Shop.yes], "\(line)")
            #expect(arguments[Shop.count] == 3, "\(line)")
            #expect(arguments[Shop.size] == .large, "\(line)")
            #expect(arguments[Shop.server] == "x", "\(line)")
            #expect(!arguments[Shop.verbose], "\(line)")
            #expect(arguments[Shop.places] == [], "\(line)")
            #expect(arguments.path == ["shop", "order"])
        }
    }

    @Test func repeatedOptionsAndOperandsKeepTheirOrder() throws {
        let arguments = try Shop.arguments("order tea home --extra milk=warm --extra sugar= work")
        #expect(arguments[all: Shop.extra].map(\.name) == ["milk", "sugar"])
        #expect(arguments[all: Shop.extra].map(\.value) == ["warm", ""])
        #expect(arguments[Shop.places] == ["home", "work"])
    }

    @Test func wordsAfterTwoHyphensAreOperands() throws {
        let arguments = try Shop.arguments("order -- --yes -n")
        #expect(arguments[Shop.article] == "--yes")
        #expect(arguments[Shop.places] == ["-n"])
        #expect(!arguments[Shop.yes])
    }

    @Test func negativeNumbersAndASingleHyphenAreOperands() throws {
        #expect(try Shop.arguments("order -5 -")[Shop.article] == "-5")
        #expect(try Shop.arguments("order -5 -")[Shop.places] == ["-"])
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("1h30m", .seconds(5400)),
        ("7d", .seconds(604_800)),
        ("0s", .zero),
    ])
    func durationsAreReadWithTheirUnits(text: String, duration: Duration) throws {
        #expect(try Shop.arguments("order tea --wait \(text)")[Shop.wait] == duration)
    }

    @Test(arguments: [("17", Int64(17)), ("64k", 65536), ("1MiB", 1 << 20), ("2g", 2 << 30)])
    func bytesAreReadWithTheirUnits(text: String, bytes: Int64) throws {
        #expect(try Shop.arguments("order tea --room \(text)")[Shop.room] == bytes)
    }

    @Test(arguments: [
        ("fly", "There is no command \"fly\". See shop --help."),
        ("ordre tea", "There is no command \"ordre\"; did you mean order? See shop --help."),
        ("order", "ARTICLE is missing. See shop order --help."),
        ("order a b c d", "\"d\" is one word too many. See shop order --help."),
        ("order a --size huge", "--size \"huge\": it must be one of small, large. See shop order --help."),
        ("order a --cuont 2", "There is no option --cuont; did you mean --count? See shop order --help."),
        ("order a -x", "There is no option -x. See shop order --help."),
        ("order a --count", "--count needs a value: N. See shop order --help."),
        ("order a -n", "-n needs a value: N. See shop order --help."),
        ("order a -n 11", "-n \"11\": it must be a number from 1 to 10. See shop order --help."),
        ("order a --yes=1", "--yes takes no value. See shop order --help."),
        ("order a -n 1 --count 2", "--count is given twice. See shop order --help."),
        ("order a --extra milk", "--extra \"milk\": it must be written as NAME=VALUE. See shop order --help."),
        (
            "order a --wait 5",
            "--wait \"5\": it must be a duration such as 500ms, 10s, 5m, 1h30m or 7d. See shop order --help."
        ),
        (
            "order a --wait 99999999999999999999d",
            "--wait \"99999999999999999999d\": it must be a duration such as 500ms, 10s, 5m, 1h30m or 7d. "
                + "See shop order --help."
        ),
        (
            "order a --room 9g9",
            "--room \"9g9\": it must be a number of bytes such as 1048576, 64KiB or 1MiB. See shop order --help."
        ),
        ("order a --server=", "--server \"\": it is empty. See shop order --help."),
        ("send", "--address is missing. See shop send --help."),
        ("list", "list needs one of articles. See shop list --help."),
    ])
    func mistakesAreExplained(line: String, complaint: String) {
        let misuse = #expect(throws: Command.Misuse.self) { try Shop.arguments(line) }
        #expect(misuse?.description == complaint)
    }

    @Test func helpIsFoundWhereverItIsAskedFor() throws {
        for (line, path) in [
            ("", ["shop"]), ("--help", ["shop"]), ("help order", ["shop", "order"]),
            ("order --help", ["shop", "order"]),
            ("--help list articles", ["shop", "list", "articles"]), ("order tea -h", ["shop", "order"]),
            ("list help articles", ["shop", "list", "articles"]),
        ] {
            guard case .help(let commands) = try Shop.program.parse(line.split(separator: " ").map(String.init)) else {
                Issue.record("no help for \"\(line)\"")
                continue
            }
            #expect(commands.map(\.name) == path, "\(line)")
        }
    }

    @Test func aProgramSaysWhatIsWrongAndReturnsItsStatus() async throws {
        let program = Command(
            "fail", "fails", takes: [Shop.yes],
            run: { arguments in
                if arguments[Shop.yes] { throw UsageError("--yes can't be") }
                throw CancellationError()
            })
        var complaints: [String] = []
        let status = try await program.run(["--yes"], width: 80, write: { _ in }, complain: { complaints.append($0) })
        #expect(status == 2)
        #expect(complaints == ["fail: --yes can't be. See fail --help."])
        await #expect(throws: CancellationError.self) {
            _ = try await program.run([], width: 80, write: { _ in }, complain: { _ in })
        }
    }
}
