// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

/// Runs a test on all clusters at once, if it mostly waits: one after the other would take several times as long. The clusters run in any
/// case.
///
/// Use the trait `.namesWhere` with it, so that issues say where they happened.
func atOnce<Where: Sendable>(
    on places: some Sequence<Where>, _ body: @escaping @Sendable (Where) async throws -> Void
) async {
    await withTaskGroup(of: Void.self) { group in
        for place in places {
            group.addTask {
                await Place.$current.withValue("\(place)") {
                    do {
                        try await body(place)
                    } catch {
                        Issue.record(error)
                    }
                }
            }
        }
    }
}

private enum Place {
    /// The cluster of the current task in a test that runs on several at once.
    @TaskLocal static var current: String?
}

extension Trait where Self == IssueHandlingTrait {
    /// Adds the name of the cluster to the issues of a test that runs on several at once.
    static var namesWhere: Self {
        .compactMapIssues { issue in
            var issue = issue
            if let place = Place.current { issue.comments.append("on \(place)") }
            return issue
        }
    }
}
