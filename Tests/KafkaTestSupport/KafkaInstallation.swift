// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A Kafka installation: a folder with its jars in `libs`.
package struct KafkaInstallation: Hashable, Sendable {
    /// The version according to the jar of the Java client, such as `4.4.0`.
    package let version: KafkaVersion
    package let libs: URL
    /// A folder with further classes for the brokers, such as a metrics reporter.
    private var addedClasses: URL?

    /// Returns nil if the folder contains no Kafka.
    package init?(home: URL) {
        let libs = home.appendingPathComponent("libs", isDirectory: true)
        let jars = (try? FileManager.default.contentsOfDirectory(atPath: libs.path)) ?? []
        let versions = jars.compactMap { name -> KafkaVersion? in
            guard name.hasPrefix("kafka-clients-"), name.hasSuffix(".jar") else { return nil }
            return KafkaVersion(name.dropFirst("kafka-clients-".count).dropLast(".jar".count))
        }
        guard let version = versions.first else { return nil }
        self.version = version
        self.libs = libs
    }

    /// The class path to run a broker with. Java expands the asterisk.
    package var classPath: String { "\(self.libs.path)/*" + (self.addedClasses.map { ":\($0.path)" } ?? "") }

    /// Returns the installation with a folder of further classes.
    package func adding(_ classes: URL) -> KafkaInstallation {
        var installation = self
        installation.addedClasses = classes
        return installation
    }

    /// Whether the jars include Kafka's command-line tools.
    var hasTools: Bool {
        let jars = (try? FileManager.default.contentsOfDirectory(atPath: self.libs.path)) ?? []
        return jars.contains { $0.hasPrefix("kafka-tools-") && !$0.hasPrefix("kafka-tools-api") }
    }

    /// The newest of the folders `tools-*` next to this installation, for versions whose tools are published
    /// separately.
    var neighbouringTools: KafkaInstallation? {
        let shelf = self.libs.deletingLastPathComponent().deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: shelf.path)) ?? []
        return names.filter { $0.hasPrefix("tools-") }.sorted(by: >)
            .compactMap { KafkaInstallation(home: shelf.appendingPathComponent($0)) }
            .first { $0.hasTools }
    }

    /// Whether clusters use ZooKeeper; from 3.3 on they use KRaft.
    package var usesZooKeeper: Bool { self.version < KafkaVersion(3, 3) }
    /// The class of the version's authorizer.
    var authorizer: String {
        self.usesZooKeeper
            ? "kafka.security.auth.SimpleAclAuthorizer" : "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
    }
    /// Whether topics support the message formats that precede record batches (`message.format.version`).
    package var storesOldFormats: Bool { self.version < KafkaVersion(3, 0) }
}

extension KafkaInstallation: CustomStringConvertible {
    package var description: String { "Kafka \(self.version.short)" }
}

/// A version such as `4.4.0`, compared numerically.
package struct KafkaVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(whereSeparator: { $0 == "." || $0 == "-" }).map { Int($0) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major, minor, parts.count > 2 ? parts[2] ?? 0 : 0)
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
    }

    /// The major and minor number, such as `4.4`.
    package var short: String { "\(self.major).\(self.minor)" }
    package var description: String { "\(self.major).\(self.minor).\(self.patch)" }
}
