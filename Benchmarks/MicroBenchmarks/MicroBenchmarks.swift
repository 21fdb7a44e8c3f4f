// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Measures single operations of the hot paths: `micro-benchmarks [NAME [COUNT]]`.
///
/// Without arguments it runs several rounds of each operation and prints the time of the fastest one, because other
/// work on the machine can only slow a round down. With a name it runs that operation COUNT times without measuring it,
/// for tools that count instructions.
@main
struct MicroBenchmarks {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let operations = try Self.operations()
        guard let name = arguments.first else {
            print("operation                                  ns")
            for operation in operations { print(Self.line(operation, nanoseconds: try await Self.time(operation))) }
            return
        }
        if name == "--names" {
            for operation in operations { print(operation.name) }
            return
        }
        guard let operation = operations.first(where: { $0.name == name }),
            let count = arguments.dropFirst().first.map({ Int($0) }) ?? 1_000
        else {
            print("usage: micro-benchmarks [--names | NAME [COUNT]]")
            return
        }
        try await operation.repeated(count)
    }

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
    /// Runs the operation a number of times.
    let repeated: (Int) async throws -> Void
}

/// Collects results, so that the compiler doesn't remove the work.
nonisolated(unsafe) var sink: UInt64 = 0
