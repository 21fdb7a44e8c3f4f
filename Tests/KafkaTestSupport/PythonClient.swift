// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Kafka clients in Python. `KAFKA_TEST_PYTHON` names a Python that has `aiokafka` and `confluent_kafka`, such as the
/// one that `scripts/python-clients` creates.
package enum PythonClient {
    package static let skipped =
        "needs other clients in Python: scripts/python-clients makes them an environment, which scripts/test finds"

    /// Whether the module can be imported. A missing module is reported once, in one line.
    package static let hasAIOKafka = has("aiokafka")
    package static let hasConfluentKafka = has("confluent_kafka")

    /// Starts a script, whose standard output is read by lines.
    package static func start(_ script: String, _ arguments: [String]) throws -> ChildProcess {
        let errors = TemporaryFolder.path("python").appendingPathExtension("err")
        return try ChildProcess(
            "python", [Self.python ?? "python3", "-u", "-c", script] + arguments, output: .lines(errors: errors))
    }

    private static let python = ProcessInfo.processInfo.environment["KAFKA_TEST_PYTHON"]

    private static func has(_ module: String) -> Bool {
        let why: String
        if let python = Self.python {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = ["-c", "import \(module)"]
            process.standardError = FileHandle.nullDevice
            if (try? process.run()) != nil {
                process.waitUntilExit()
                if process.terminationStatus == 0 { return true }
            }
            why = "\(python) has no \(module)"
        } else {
            why = "KAFKA_TEST_PYTHON is not set"
        }
        say("Tests with Python's \(module) are skipped: \(why). scripts/python-clients makes an environment with it.")
        return false
    }
}
