// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport

/// A program that is started again when it ends, as an operator would do.
actor Supervised {
    let name: String
    private let start: @Sendable () throws -> ChildProcess
    private var process: ChildProcess?
    private var isStopping = false
    /// The number of times that the program was killed.
    private(set) var kills = 0
    /// The last lines of the errors with which the program ended by itself.
    private(set) var failures: [String] = []

    init(_ name: String, start: @escaping @Sendable () throws -> ChildProcess) {
        self.name = name
        self.start = start
    }

    /// Runs the program until `stop`.
    func run() async throws {
        while !self.isStopping {
            let process = try self.start()
            self.process = process
            let status = await process.ended()
            guard !self.isStopping else { return }
            if status > 0 { self.failures.append(process.errors.split(separator: "\n").last.map(String.init) ?? "?") }
            // Not in a loop without a pause, if it fails at once.
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// Kills the program, which is started again.
    func kill() {
        self.kills += 1
        self.process?.signal(SIGKILL)
    }

    /// Suspends the program, as on a machine that hangs.
    func pause() { self.process?.signal(SIGSTOP) }
    func resume() { self.process?.signal(SIGCONT) }

    /// Asks the program to end, and doesn't start it again. Returns its exit status.
    @discardableResult
    func stop() async -> Int32? {
        self.isStopping = true
        await self.process?.stop(within: .seconds(40))
        return self.process?.status
    }
}
