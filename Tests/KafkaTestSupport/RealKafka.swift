// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The Apache Kafka installations on this machine, if any.
///
/// They are found in `KAFKA_HOME` (one folder or several, separated by colons, each with its jars in `libs`), or else
/// in `../shared/kafka/{4.4,3.9,2.1}` next to the package. `KAFKA_TEST_ENVIRONMENTS` (`embedded,4.4`) restricts the
/// tests to some of them.
package enum RealKafka {
    /// All usable installations, newest first. What is missing is reported once, in one line.
    package static let installations: [KafkaInstallation] = {
        let found = Self.found
        if found.isEmpty {
            say("Tests against real Apache Kafka are skipped: \(Self.absence). \(Self.howToGetIt)")
        } else if Self.java == nil {
            say("Tests against real Apache Kafka are skipped: there is no `java` in PATH. Install a JDK 17 or later.")
            return []
        }
        return found.filter { Self.isWanted($0.version.short) }
    }()

    package static var newest: KafkaInstallation? { Self.installations.first }
    package static var isAvailable: Bool { !Self.installations.isEmpty }

    /// The comment for a trait of a test that requires a real Kafka.
    package static let skipped = "needs real Apache Kafka: set KAFKA_HOME to its folder, and have java in PATH"

    /// Whether `KAFKA_TEST_ENVIRONMENTS` allows an environment (`embedded`, `4.4`).
    package static func isWanted(_ environment: String) -> Bool {
        guard let wanted = ProcessInfo.processInfo.environment["KAFKA_TEST_ENVIRONMENTS"] else { return true }
        return wanted.split(separator: ",").contains { $0 == environment }
    }

    /// The jars of the newest command-line tools, which work with all brokers.
    package static let toolsClassPath: String? = {
        for installation in Self.found {
            if installation.hasTools { return installation.classPath }
            if let tools = installation.neighbouringTools { return "\(tools.classPath):\(installation.classPath)" }
        }
        return nil
    }()

    package static let java: String? = executable(named: "java")
    /// Java options that place its temporary files in a folder that is removed, in particular native code that
    /// libraries unpack.
    static let temporaryFiles: [String] = {
        let folder = TemporaryFolder.path("java-files")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            say("\(folder.path): \(error)")
        }
        return [
            "-Djava.io.tmpdir=\(folder.path)", "-Dorg.xerial.snappy.tempdir=\(folder.path)", "-XX:-UsePerfData",
        ]
    }()
    /// Java options that send a tool's log to standard error, which Log4j would otherwise mix with its results.
    static let loggingToErrors: [String] = {
        let file = TemporaryFolder.path("log4j2.properties")
        do {
            try Data(
                """
                appender.c.type=Console
                appender.c.name=c
                appender.c.target=SYSTEM_ERR
                appender.c.layout.type=PatternLayout
                appender.c.layout.pattern=%d %p %m (%c)%n
                rootLogger.level=warn
                rootLogger.appenderRef.c.ref=c

                """.utf8
            ).write(to: file)
        } catch {
            say("\(file.path): \(error)")
        }
        return ["-Dlog4j2.configurationFile=\(file.path)"]
    }()
    /// `keytool`, which is part of every JDK.
    package static let keytool: String? = executable(named: "keytool")

    private static let found: [KafkaInstallation] = {
        let homes: [URL]
        if let home = ProcessInfo.processInfo.environment["KAFKA_HOME"], !home.isEmpty {
            homes = home.split(separator: ":").map { URL(fileURLWithPath: String($0), isDirectory: true) }
        } else {
            let package = URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            let shelf = package.deletingLastPathComponent().appendingPathComponent("shared/kafka")
            homes = ["4.4", "3.9", "2.1"].map { shelf.appendingPathComponent($0, isDirectory: true) }
        }
        return homes.compactMap { KafkaInstallation(home: $0) }.sorted { $0.version > $1.version }
    }()

    private static var absence: String {
        if let home = ProcessInfo.processInfo.environment["KAFKA_HOME"], !home.isEmpty {
            return "KAFKA_HOME (\(home)) has no libs/kafka-clients-*.jar"
        }
        return "KAFKA_HOME is not set"
    }

    private static let howToGetIt = "Unpack a release of https://kafka.apache.org and set KAFKA_HOME to its folder."
}

/// Returns the absolute path of a program in `PATH`.
func executable(named name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// Prints a line for the person who runs the tests.
package func say(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}
