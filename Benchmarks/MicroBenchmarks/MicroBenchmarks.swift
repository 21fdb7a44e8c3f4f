// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Measures single operations of the hot paths: `micro-benchmarks [NAME... | --counted]`.
///
/// It runs several rounds of each operation and prints the time of the fastest one, because other work on the machine can only
/// slow a round down. With `--counted` it runs each operation a fixed number of times, for a tool that counts instructions and
/// knows by the calls of `mark()` where they begin and end.
@main
struct MicroBenchmarks {
    static func main() async throws {
        let names = CommandLine.arguments.dropFirst()
        let operations = try Self.operations()
        if names == ["--counted"] { return try await Self.runCounted(operations) }
        print("operation                                  ns")
        for operation in operations where names.isEmpty || names.contains(operation.name) {
            print(Self.line(operation, nanoseconds: try await Self.time(operation)))
        }
    }

    /// Runs the operations between marks, and prints their names and how often each one ran.
    private static func runCounted(_ operations: [Operation]) async throws {
        for operation in operations {
            guard let count = operation.counted else { continue }
            // What is only done the first time isn't counted.
            try await operation.repeated(count)
            Self.mark()
            try await operation.repeated(count)
            Self.mark()
            print(operation.name, count)
        }
    }

    /// Calls a function that nothing else calls and that the tool can find, because it is in the system's library.
    private static func mark() { _ = getppid() }

    /// Returns a line of the table with the name and the time.
    private static func line(_ operation: Operation, nanoseconds: Double) -> String {
        let name = operation.name + String(repeating: " ", count: max(1, 36 - operation.name.count))
        let tenths = Int((nanoseconds * 10).rounded())
        let number = "\(tenths / 10).\(tenths % 10)"
        return name + String(repeating: " ", count: max(0, 9 - number.count)) + number
    }

    /// Returns the nanoseconds per operation in the fastest of nine rounds of about 30 ms.
    private static func time(_ operation: Operation) async throws -> Double {
        let clock = ContinuousClock()
        var count = 1
        var took = Duration.zero
        while took < .milliseconds(30) {
            if took > .zero { count *= took < .milliseconds(3) ? 8 : 2 }
            took = try await clock.measure { try await operation.repeated(count) }
        }
        for _ in 0..<8 {
            took = min(took, try await clock.measure { try await operation.repeated(count) })
        }
        let (seconds, attoseconds) = took.components
        return (Double(seconds) * 1e9 + Double(attoseconds) / 1e9) / Double(count)
    }
}

/// An operation to measure.
struct Operation {
    let name: String
    /// How often it runs while its instructions are counted. Nil if that says nothing: they are those of other libraries, or depend
    /// on threads.
    var counted: Int?
    /// Runs the operation a number of times.
    let repeated: (Int) async throws -> Void
}

/// Collects results, so that the compiler doesn't remove the work.
nonisolated(unsafe) var sink: UInt64 = 0
