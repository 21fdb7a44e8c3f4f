// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A command of the program, parsed from the command line.
enum Command {
    case produce(Produce)
    case count(Count)
    case report(Report)
    case check(Check)
    case sample(Sample)
    case demo(Demo)
    case help

    static let usage = """
        Counts page views per user and five-minute window with Kafka, each view exactly once.

          page-views produce [--log FILE] --topic T          an access log into a topic, keyed by user
          page-views count --topic T --group G --store DIR   counts; start several to share the work
              [--until-idle SECONDS]                         ... and ends when all is counted and nothing new comes
          page-views report --store DIR [--csv]              what was counted
          page-views check --log FILE --store DIR            compares it with a count made without Kafka
          page-views sample [--views N]                      prints an access log made up
          page-views demo [--views N]                        all of it in one process, on an embedded broker

        FILE is an access log in the common or the combined format; - is standard input. Without --log, `produce` makes up
        one of its own, the one that `sample` prints. BOOTSTRAP_SERVERS says where Kafka is: host:port, several of them
        separated by commas; localhost:9092 if it isn't set.
        """

    /// Parses the arguments after the program's name.
    init(_ words: [String]) throws(WrongArguments) {
        guard let name = words.first else { throw WrongArguments("there is no command") }
        let rest = words.dropFirst()
        switch name {
        case "produce":
            let options = try Options(rest, names: ["log", "topic", "views"])
            let topic = try options.required("topic")
            let views = try options.number("views")
            guard options["log"] == nil || views == nil else {
                throw WrongArguments("--views is for the sample, which --log takes the place of")
            }
            self = .produce(Produce(log: options["log"], views: views ?? Sample.defaultViews, topic: topic))
        case "count":
            let options = try Options(rest, names: ["topic", "group", "store", "until-idle"])
            self = .count(
                Count(
                    topic: try options.required("topic"), group: try options.required("group"),
                    store: try options.required("store"),
                    untilIdle: try options.number("until-idle").map { .seconds($0) }))
        case "report":
            let options = try Options(rest, names: ["store"], flags: ["csv"])
            self = .report(Report(store: try options.required("store"), csv: options.has("csv")))
        case "check":
            let options = try Options(rest, names: ["log", "store"])
            self = .check(Check(log: try options.required("log"), store: try options.required("store")))
        case "sample":
            let options = try Options(rest, names: ["views"])
            self = .sample(Sample(views: try options.number("views") ?? Sample.defaultViews))
        case "demo":
            let options = try Options(rest, names: ["views"])
            self = .demo(Demo(views: try options.number("views") ?? Sample.defaultViews))
        case "help", "--help", "-h":
            self = .help
        default:
            throw WrongArguments("there is no command \(name)")
        }
    }

    func run() async throws {
        switch self {
        case .produce(let produce): try await produce.run()
        case .count(let count): try await count.run()
        case .report(let report): try report.run()
        case .check(let check): try check.run()
        case .sample(let sample): try sample.run()
        case .demo(let demo): try await demo.run()
        case .help: try say(Command.usage)
        }
    }
}
