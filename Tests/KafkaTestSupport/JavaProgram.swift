// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A single-file Java program in `Tests/InteropTests/Java`, compiled when it is run.
package enum JavaProgram {
    /// Whether Kafka's jars and a Java compiler are available.
    package static let isAvailable: Bool = {
        guard RealKafka.toolsClassPath != nil, RealKafka.java != nil else { return false }
        if executable(named: "javac") != nil { return true }
        say("Tests with Java programs are skipped: there is no `javac` in PATH. Install a JDK 17 or later.")
        return false
    }()

    /// The comment for a trait of a test that requires one.
    package static let skipped = "needs Apache Kafka's jars and a JDK: see the lines above"

    /// Compiles a class for a broker, and returns the folder with the result.
    package static func compile(_ name: String, with installation: KafkaInstallation) async throws -> URL {
        guard let compiler = executable(named: "javac") else {
            throw RealCluster.Failure(description: "There is no javac in PATH")
        }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = TemporaryFolder.path("classes")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let source = tests.appendingPathComponent("InteropTests/Java/\(name).java").path
        _ = try await ChildProcess(
            "javac", [compiler, "-cp", installation.classPath, "-d", folder.path, source],
            output: .lines(errors: folder.appendingPathComponent("javac.err"))
        ).output()
        return folder
    }

    /// Runs a program to its end and returns the lines of its standard output.
    ///
    /// - Parameters:
    ///   - name: The name of the file, without `.java`.
    ///   - installation: The Kafka version whose classes the program uses. Default: the newest.
    package static func run(
        _ name: String, _ arguments: [String], input: String? = nil, with installation: KafkaInstallation? = nil
    ) async throws -> [String] {
        var source = try String(contentsOf: self.source(of: name), encoding: .utf8)
        if let installation, installation.version < KafkaVersion(4, 3) {
            // Kafka's record classes have moved in later versions.
            source = source.replacingOccurrences(of: "common.record.internal.", with: "common.record.")
        }
        let folder = TemporaryFolder.path("java")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("\(name).java")
        try source.write(to: file, atomically: true, encoding: .utf8)
        return try await KafkaTool.start(file.path, arguments, input: input, classPath: installation?.classPath)
            .output()
    }

    /// The file of a program.
    static func source(of name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("InteropTests/Java/\(name).java")
    }
}
