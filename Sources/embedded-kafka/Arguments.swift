// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The parsed command line.
struct Arguments {
    struct Topic {
        var name: String
        var partitions: Int
    }

    /// An error in the command line.
    struct Problem: Error {
        var description: String
    }

    static let usage = """
        usage: embedded-kafka --port N [--brokers M] [--topic NAME:PARTITIONS]...

        Serves a Kafka cluster that lives in this process's memory, on 127.0.0.1, until SIGTERM or SIGINT.
        Prints its bootstrap servers, on one line, when it is ready.

          --port N                  the port of the first broker, the others taking the next ones; 0 for free ports
          --brokers M               how many brokers there are (1)
          --topic NAME:PARTITIONS   a topic to create; may be given again
        """

    var port: Int
    var brokers = 1
    var topics: [Topic] = []
    var wantsHelp = false

    init(_ words: some Sequence<String>) throws(Problem) {
        var port: Int?
        var words = words.makeIterator()
        while let word = words.next() {
            // Options can be written as --option value and --option=value.
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            func value() throws(Problem) -> String {
                if parts.count == 2 { return parts[1] }
                guard let value = words.next() else { throw Problem(description: "\(word) needs a value.") }
                return value
            }
            switch parts[0] {
            case "--port": port = try Self.number(try value(), of: "--port", in: 0...65535)
            case "--brokers": self.brokers = try Self.number(try value(), of: "--brokers", in: 1...100)
            case "--topic": self.topics.append(try Self.topic(try value()))
            case "--help", "-h": self.wantsHelp = true
            default: throw Problem(description: "'\(word)' is no option of embedded-kafka; --help lists them.")
            }
        }
        guard let port = port ?? (self.wantsHelp ? 0 : nil) else {
            throw Problem(description: "--port is missing; --port 0 takes a free one.")
        }
        guard port + self.brokers - 1 <= 65535 else {
            throw Problem(description: "There are no \(self.brokers) ports from \(port) on.")
        }
        self.port = port
    }

    /// The ports of the brokers.
    var ports: [Int] {
        (0..<self.brokers).map { self.port == 0 ? 0 : self.port + $0 }
    }

    private static func number(
        _ text: String, of option: String, in range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                description:
                    "\(option) takes a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'.")
        }
        return number
    }

    private static func topic(_ text: String) throws(Problem) -> Topic {
        guard let colon = text.lastIndex(of: ":") else {
            throw Problem(description: "--topic takes NAME:PARTITIONS, not '\(text)'.")
        }
        let partitions = try self.number(String(text[text.index(after: colon)...]), of: "--topic", in: 1...100_000)
        return Topic(name: String(text[..<colon]), partitions: partitions)
    }
}
