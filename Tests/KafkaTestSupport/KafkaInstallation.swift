// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A folder that is laid out like a Kafka installation: its jars are in `libs`.
package struct KafkaInstallation: Hashable, Sendable {
    /// `4.4.0`, as the jar of the Java client says.
    package let version: KafkaVersion
    package let libs: URL

    /// Nil if there is no Kafka in the folder.
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

    /// The class path that runs a broker. Java expands the star itself.
    package var classPath: String { "\(self.libs.path)/*" }

    /// Whether Kafka's command-line tools are among the jars.
    var hasTools: Bool {
        let jars = (try? FileManager.default.contentsOfDirectory(atPath: self.libs.path)) ?? []
        return jars.contains { $0.hasPrefix("kafka-tools-") && !$0.hasPrefix("kafka-tools-api") }
    }

    /// Folders `tools-*` beside this installation, for versions whose tools are published apart from the broker.
    var neighbouringTools: KafkaInstallation? {
        let shelf = self.libs.deletingLastPathComponent().deletingLastPathComponent()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: shelf.path)) ?? []
        return names.filter { $0.hasPrefix("tools-") }.sorted(by: >)
            .compactMap { KafkaInstallation(home: shelf.appendingPathComponent($0)) }
            .first { $0.hasTools }
    }

    /// KRaft (no ZooKeeper) is what clusters run on from 3.3 on.
    package var usesZooKeeper: Bool { self.version < KafkaVersion(3, 3) }
    /// Whether topics may have message formats from before record batches (`message.format.version`).
    package var storesOldFormats: Bool { self.version < KafkaVersion(3, 0) }
}

extension KafkaInstallation: CustomStringConvertible {
    package var description: String { "Kafka \(self.version.short)" }
}

/// `4.4.0`: compared by its numbers.
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

    /// `4.4`
    package var short: String { "\(self.major).\(self.minor)" }
    package var description: String { "\(self.major).\(self.minor).\(self.patch)" }
}
