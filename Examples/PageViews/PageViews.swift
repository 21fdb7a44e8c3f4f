// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Foundation

/// Counts page views per user and five-minute window of event time. Each view is counted exactly once, even if
/// consumers join, leave and crash meanwhile.
///
/// Start reading with `Commands/Produce.swift` and `Commands/Count.swift`, which contain all uses of Kafka.
@main
struct PageViews {
    static let command = Command(
        "page-views", "counts page views per user and five-minute window with Kafka, each view exactly once",
        details: """
            BOOTSTRAP_SERVERS says where Kafka is: host:port, several of them separated by commas; localhost:9092 if it isn't \
            set.
            """,
        examples: [Command.Example("page-views demo", "All of it, without a cluster")],
        subcommands: [
            Produce.command, Count.command, Report.command, Check.command, Sample.command, Demo.command,
        ])

    static func main() async {
        do {
            exit(
                try await Self.command.run(
                    CommandLine.arguments.dropFirst(), width: 100, write: say, complain: complain))
        } catch let error as KafkaError where error.code == .listenerFailed {
            complain("page-views: \(error.underlyingError ?? error)")  // The error that the counter threw.
            exit(1)
        } catch {
            complain("page-views: \(error)")
            exit(1)
        }
    }
}
