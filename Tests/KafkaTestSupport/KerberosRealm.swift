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

/// An MIT Kerberos realm on 127.0.0.1 with its own KDC, in a temporary folder.
///
/// This process's Kerberos library reads the `krb5.conf` named by `KRB5_CONFIG`, which must be set before the process
/// starts, as `scripts/test` does. The realm writes its configuration to that path.
package final class KerberosRealm: Sendable {
    package static let name = "TEST.ASYNC-KAFKA"

    package let configuration: URL
    /// The keys of `alice`, of the brokers, and of `mallory`, who is unknown to the KDC.
    package let keytab: URL
    package var client: String { "alice@\(Self.name)" }
    package var broker: String { "kafka/localhost@\(Self.name)" }
    package var stranger: String { "mallory@\(Self.name)" }

    private let folder: URL
    private let programs: Programs
    private let kdc: Lock<ChildProcess?>

    private struct Programs {
        var kdc: String
        var databaseUtility: String
        var administration: String
        var kinit: String
        var configuration: String

        /// Nil if `krb5-kdc`, `krb5-admin-server`, `krb5-user` or `KRB5_CONFIG` is missing.
        static let found: Programs? = {
            guard let configuration = ProcessInfo.processInfo.environment["KRB5_CONFIG"],
                let kdc = Self.program("krb5kdc"), let databaseUtility = Self.program("kdb5_util"),
                let administration = Self.program("kadmin.local"), let kinit = Self.program("kinit")
            else { return nil }
            return Programs(
                kdc: kdc, databaseUtility: databaseUtility, administration: administration, kinit: kinit,
                configuration: configuration)
        }()

        /// Searches more folders than `PATH`, which often lacks them for users other than root.
        private static func program(_ name: String) -> String? {
            executable(named: name)
                ?? ["/usr/sbin/\(name)", "/opt/homebrew/opt/krb5/sbin/\(name)"].first {
                    FileManager.default.isExecutableFile(atPath: $0)
                }
        }
    }

    /// Whether a realm can be created. Prints a line if not.
    package static let isAvailable: Bool = {
        if Programs.found == nil { say("Tests of Kerberos are skipped: \(KerberosRealm.skipped).") }
        return Programs.found != nil
    }()

    /// The comment for a trait of a test that requires one.
    package static let skipped = "needs a KDC: run scripts/setup --kdc, then scripts/test"

    private init(_ programs: Programs) throws {
        self.programs = programs
        self.folder = TemporaryFolder.path("kerberos")
        self.configuration = URL(fileURLWithPath: programs.configuration)
        self.keytab = self.folder.appendingPathComponent("all.keytab")
        self.kdc = Lock(nil)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let port = LoopbackPorts.take(1)[0]
        try Data(
            """
            [libdefaults]
                default_realm = \(Self.name)
                dns_lookup_kdc = false
                dns_lookup_realm = false
            [realms]
                \(Self.name) = {
                    kdc = 127.0.0.1:\(port)
                }

            """.utf8
        ).write(to: self.configuration)
        try Data(
            """
            [kdcdefaults]
                kdc_listen = 127.0.0.1:\(port)
                kdc_tcp_listen = 127.0.0.1:\(port)
            [realms]
                \(Self.name) = {
                    database_name = \(self.folder.path)/principal
                    key_stash_file = \(self.folder.path)/stash
                    supported_enctypes = aes256-cts-hmac-sha1-96:normal
                    max_life = 10m
                }
            [logging]
                kdc = FILE:\(self.folder.path)/kdc.log

            """.utf8
        ).write(to: self.folder.appendingPathComponent("kdc.conf"))
    }

    private static let starting = Lock<Task<KerberosRealm, any Error>?>(nil)

    /// The realm of this process, with its KDC running. There is only one, since there is one `krb5.conf`.
    package static func shared() async throws -> KerberosRealm {
        try await Self.starting.withLock { starting in
            let task = starting ?? Task { try await Self.start() }
            starting = task
            return task
        }.value
    }

    private static func start() async throws -> KerberosRealm {
        guard let programs = Programs.found else { throw RealCluster.Failure(description: Self.skipped) }
        let realm = try KerberosRealm(programs)
        try await realm.run([programs.databaseUtility, "create", "-s", "-P", "master", "-r", Self.name])
        for query in [
            "addprinc -randkey \(realm.client)", "addprinc -randkey \(realm.broker)",
            "addprinc -randkey \(realm.stranger)",
            "ktadd -norandkey -k \(realm.keytab.path) \(realm.client) \(realm.broker) \(realm.stranger)",
            "delprinc -force \(realm.stranger)",
        ] {
            try await realm.run([programs.administration, "-r", Self.name, "-q", query])
        }
        try await realm.startKDC()
        return realm
    }

    private var environment: [String] {
        [
            "/usr/bin/env", "KRB5_CONFIG=\(self.configuration.path)",
            "KRB5_KDC_PROFILE=\(self.folder.appendingPathComponent("kdc.conf").path)",
        ]
    }

    private func run(_ command: [String]) async throws {
        let name = command[0].split(separator: "/").last.map(String.init) ?? ""
        try await ChildProcess(
            name, self.environment + command,
            output: .lines(errors: self.folder.appendingPathComponent("\(name).err"))
        ).output()
    }

    /// Creates a ticket cache with the client's ticket, using `kinit`.
    package func makeTicketCache() async throws -> URL {
        let cache = self.folder.appendingPathComponent("cache-\(UUID().uuidString)")
        try await self.run([self.programs.kinit, "-k", "-t", self.keytab.path, "-c", cache.path, self.client])
        return cache
    }

    // MARK: Faults

    /// Starts the KDC after it was killed.
    package func startKDC() async throws {
        let kdc = try ChildProcess(
            "krb5kdc", self.environment + [self.programs.kdc, "-n", "-r", Self.name],
            output: .file(self.folder.appendingPathComponent("krb5kdc.err")))
        self.kdc.withLock { $0 = kdc }
        try await eventually("the KDC gives tickets") {
            guard kdc.isRunning else { throw RealCluster.Failure(description: "the KDC ended: \(kdc.errors)") }
            return (try? await self.makeTicketCache()) != nil
        }
    }

    /// Kills the KDC with SIGKILL, which closes its port.
    package func killKDC() async {
        await self.kdc.withLock { kdc in
            defer { kdc = nil }
            return kdc
        }?.destroy()
    }

    /// Pauses the KDC with SIGSTOP: requests arrive but aren't answered.
    package func pauseKDC() { self.kdc.withLock { $0 }?.signal(SIGSTOP) }

    /// Resumes the KDC with SIGCONT.
    package func resumeKDC() { self.kdc.withLock { $0 }?.signal(SIGCONT) }
}
