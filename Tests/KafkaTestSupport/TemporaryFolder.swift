// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The folder for this test process's files: logs, brokers' data, output of programs.
///
/// It is removed when the process has ended, unless `KAFKA_TEST_KEEP=1` is set.
package enum TemporaryFolder {
    /// Returns a unique path for a file or folder.
    package static func path(_ name: String) -> URL {
        Self.root.folder.appendingPathComponent("\(UUID().uuidString.prefix(8))-\(name)")
    }

    private static let root = Root()

    private struct Root: Sendable {
        let folder: URL
        private var janitor: Spawned?

        init() {
            self.folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("async-kafka-tests-\(UUID().uuidString)")
            do {
                try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
                if ProcessInfo.processInfo.environment["KAFKA_TEST_KEEP"] == "1" {
                    say("The brokers' logs are kept in \(self.folder.path)")
                } else {
                    // This script waits for the end of its standard input, which closes when this process ends. Then it
                    // removes the folder, several times, since dying processes may still write to it.
                    self.janitor = try Spawned(
                        "/bin/sh",
                        [
                            "-c", "read -r line; for again in 1 2 3; do sleep 1; rm -rf \"$1\"; done", "sh",
                            self.folder.path,
                        ],
                        readsOutput: false, errors: URL(fileURLWithPath: "/dev/null"))
                }
            } catch {
                say("\(self.folder.path): \(error)")
            }
        }
    }
}
