// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Java program of one file in `Tests/InteropTests/Java`, compiled when it is run.
package enum JavaProgram {
    /// Whether there are Kafka's jars, and a compiler beside `java`.
    package static let isAvailable: Bool = {
        guard RealKafka.toolsClassPath != nil, RealKafka.java != nil else { return false }
        if executable(named: "javac") != nil { return true }
        say("Tests with Java programs are skipped: there is no `javac` in PATH. Install a JDK 17 or later.")
        return false
    }()

    /// What to say in a trait of a test that needs it.
    package static let skipped = "needs Apache Kafka's jars and a JDK: see the lines above"

    /// Runs a program to its end: the lines of its standard output.
    ///
    /// - Parameters:
    ///   - name: the name of its file, without `.java`.
    ///   - installation: whose classes it uses; those of the newest Kafka if nil.
    package static func run(
        _ name: String, _ arguments: [String], input: String? = nil, with installation: KafkaInstallation? = nil
    ) async throws -> [String] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        var source = try String(
            contentsOf: tests.appendingPathComponent("InteropTests/Java/\(name).java"), encoding: .utf8)
        if let installation, installation.version < KafkaVersion(4, 3) {
            // Kafka's record classes have moved since.
            source = source.replacingOccurrences(of: "common.record.internal.", with: "common.record.")
        }
        let folder = TemporaryFolder.path("java")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("\(name).java")
        try source.write(to: file, atomically: true, encoding: .utf8)
        return try await KafkaTool.start(file.path, arguments, input: input, classPath: installation?.classPath)
            .output()
    }
}
