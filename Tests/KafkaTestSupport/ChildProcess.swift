// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import KafkaMemory

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A program started by a test, which never outlives the test process.
///
/// It is started by a small shell script that keeps running beside it and reads a pipe whose other end this process
/// holds. When this process ends for any reason, the pipe closes and the script kills the program. (Foundation's
/// `Process` can't be used: it notices a program's end only when the program's children have ended too.)
package final class ChildProcess: Sendable {
    package let name: String
    package let pid: pid_t
    /// The lines of standard output, if requested. For a single reader.
    package let lines: AsyncStream<String>

    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let state: Lock<State>
    private let spawned: Spawned
    private let errorFile: URL

    /// The destination of standard output and standard error.
    package enum Output: Sendable {
        /// Append both to a file.
        case file(URL)
        /// Send standard output to `lines`, and standard error to a file.
        case lines(errors: URL)
    }

    // The program replaces the shell, so its process id is known. A line on the pipe means that the program has ended
    // by itself, and that its id may belong to another process.
    private static let script = """
        input=$1; shift
        program=$$
        exec 4<&0
        (
            read -r line <&4 && exit 0
            kill -KILL "$program"
        ) </dev/null >/dev/null 2>&1 &
        exec 4<&-
        exec "$@" <"$input"
        """

    /// Starts a program.
    ///
    /// - Parameter input: A file for standard input. Default: no input.
    package init(
        _ name: String, _ command: [String], input: URL? = nil, output: Output
    ) throws {
        let arguments = ["-c", Self.script, "sh", input?.path ?? "/dev/null"] + command
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let spawned: Spawned
        switch output {
        case .file(let file):
            self.errorFile = file
            spawned = try Spawned("/bin/sh", arguments, readsOutput: false, errors: file)
            continuation.finish()
        case .lines(let file):
            self.errorFile = file
            spawned = try Spawned("/bin/sh", arguments, readsOutput: true, errors: file)
            Thread.detachNewThread {
                var splitter = LineSplitter()
                while let data = spawned.output?.availableData {
                    for line in splitter.lines(adding: data) { continuation.yield(line) }
                    if data.isEmpty { break }
                }
                continuation.finish()
            }
        }
        let state = Lock(State())
        Thread.detachNewThread {
            let status = spawned.wait()
            let waiters = state.withLock { state in
                state.status = status
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: status) }
        }
        self.name = name
        self.pid = spawned.pid
        self.spawned = spawned
        self.lines = lines
        self.state = state
    }

    /// The exit status, or the negative signal number. Nil while the program runs.
    package var status: Int32? { self.state.withLock { $0.status } }
    package var isRunning: Bool { self.status == nil }

    /// The contents of standard error.
    package var errors: String { (try? String(contentsOf: self.errorFile, encoding: .utf8)) ?? "" }

    /// Waits until the program has ended. Returns its exit status, or the negative signal number.
    @discardableResult
    package func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = self.state.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    /// Sends a signal, unless the program has ended.
    package func signal(_ signal: Int32) {
        if self.isRunning { kill(self.pid, signal) }
    }

    /// Asks the program to end, and kills it after the limit.
    package func stop(within limit: Duration = .seconds(20)) async {
        self.signal(SIGTERM)
        self.signal(SIGCONT)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.ended() }
            group.addTask {
                try? await Task.sleep(for: limit)
                if !Task.isCancelled { self.signal(SIGKILL) }
            }
            await group.next()
            group.cancelAll()
        }
        await self.ended()
    }

    /// Closes the pipe, as when this process dies.
    package func letGo() {
        self.spawned.closeLeash()
    }

    /// Kills the program and waits for its end.
    package func destroy() async {
        self.signal(SIGKILL)
        await self.ended()
    }
}

/// Splits data that arrives in pieces into lines.
struct LineSplitter {
    private var rest = Data()

    /// Returns the complete lines. Empty data marks the end, at which the rest is the last line.
    mutating func lines(adding data: Data) -> [String] {
        self.rest.append(data)
        let parts = self.rest.split(separator: 0x0a, omittingEmptySubsequences: false)
        var lines = parts.dropLast().map { String(decoding: $0, as: UTF8.self) }
        self.rest = Data(parts.last ?? Data())
        if data.isEmpty, !self.rest.isEmpty {
            lines.append(String(decoding: self.rest, as: UTF8.self))
            self.rest = Data()
        }
        return lines
    }
}
