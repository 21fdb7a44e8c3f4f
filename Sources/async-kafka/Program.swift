// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The command line tool: a noun and a verb, `async-kafka topics list`, or a verb for records, `async-kafka consume orders`.
@main
enum Program {
    static let command: Command = Command(
        "async-kafka", "works with Apache Kafka: topics, records, groups and settings",
        details: ConnectionOptions.details + "\n\n" + ExitStatus.details,
        takes: ConnectionOptions.all + OutputOptions.all + [Verbosity.flag],
        examples: [
            Command.Example("async-kafka -b localhost:9092 topics list", "What there is"),
            Command.Example("async-kafka produce orders '{\"id\": 17}' --key 17", "Write a record"),
            Command.Example("async-kafka consume orders --last 10", "Read the last ten"),
        ],
        subcommands: [
            Produce.command, Consume.command, Copy.command, Verify.command, Topics.command, Offsets.command,
            Groups.command,
            Lag.command,
            Configs.command, ACLs.command, Quotas.command, Users.command, Tokens.command, Transactions.command,
            Cluster.command, LogDirs.command, Reassign.command, Perf.command, Profiles.command, Completions.command,
            Manual.command,
        ])

    static func main() async {
        StandardStream.reserve()
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == CompletionScript.request {
            exit(await Completions.answer(Array(words.dropFirst())))
        }
        exit(await Self.status(words))
    }

    /// Runs the command and returns the exit status.
    private static func status(_ words: [String]) async -> Int32 {
        do {
            return try await Self.command.run(
                words, width: Terminal.width(of: STDOUT_FILENO) ?? 80, write: StandardStream.output.writeLine,
                complain: StandardStream.complain)
        } catch let status as ExitStatus {
            return status.rawValue
        } catch is StandardStream.ReaderHasGone {
            return ExitStatus.success.rawValue
        } catch let error as KafkaError where error.code == .cancelled {
            return ExitStatus.interrupted.rawValue
        } catch let error as KafkaError {
            StandardStream.complain("async-kafka: \(error.message)")
            return ExitStatus(of: error).rawValue
        } catch is CancellationError {
            return ExitStatus.interrupted.rawValue
        } catch {
            StandardStream.complain("async-kafka: \(error)")
            return ExitStatus.failure.rawValue
        }
    }
}
