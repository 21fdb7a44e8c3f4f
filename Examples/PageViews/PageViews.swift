// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// Counts page views per user and five-minute window of event time. Each view is counted exactly once, even if
/// consumers join, leave and crash meanwhile.
///
/// Start reading with `Commands/Produce.swift` and `Commands/Count.swift`, which contain all uses of Kafka.
@main
struct PageViews {
    static func main() async {
        do {
            let command = try Command(Array(CommandLine.arguments.dropFirst()))
            try await command.run()
        } catch let error as WrongArguments {
            complain("page-views: \(error). `page-views help` shows what there is.")
            exit(2)
        } catch let error as KafkaError where error.code == .listenerFailed {
            complain("page-views: \(error.underlyingError ?? error)")  // The error that the counter threw.
            exit(1)
        } catch {
            complain("page-views: \(error)")
            exit(1)
        }
    }
}
