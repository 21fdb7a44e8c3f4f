// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct TLSContextSourceTests {
    private final class Files {
        let folder: URL
        let authority: CertificateAuthority
        var chain: String { self.folder.appendingPathComponent("chain.pem").path }
        var key: String { self.folder.appendingPathComponent("key.pem").path }
        var trust: String { self.folder.appendingPathComponent("trust.pem").path }

        init() throws {
            self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
            self.authority = try CertificateAuthority()
            try self.write(self.authority.certificate, to: self.trust)
            try self.renew()
        }

        deinit {
            try? FileManager.default.removeItem(at: self.folder)
        }

        func write(_ bytes: Bytes, to path: String) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        }

        func renew() throws {
            let issued = try self.authority.issue()
            try self.write(issued.chain, to: self.chain)
            try self.write(issued.key, to: self.key)
        }

        func source(_ log: some KafkaLog = SilentLog()) throws -> TLSContextSource {
            try TLSContextSource(
                KafkaTLSConfiguration(
                    trust: .pemFile(self.trust), identity: .pemFiles(chain: self.chain, key: self.key)),
                logger: Logger(log))
        }
    }

    @Test func onlyChangedFilesAreReadAgain() throws {
        let files = try Files()
        let source = try files.source()
        let first = source.current()
        let unchanged = source.current() === first
        #expect(unchanged)
        try files.renew()
        let second = source.current()
        let isNew = second !== first && second.settings.identity != first.settings.identity
        #expect(isNew)
        let isKept = source.current() === second
        #expect(isKept)
    }

    @Test func invalidFilesLeaveTheOldCertificatesInUseUntilTheyAreValid() throws {
        let files = try Files()
        let warnings = KeptLog(minimum: .warning)
        let source = try files.source(warnings)
        let first = source.current()
        try files.write("half a file", to: files.chain)
        let isKept = source.current() === first
        #expect(isKept)
        #expect(warnings.events.count == 1)
        try files.renew()
        let isNew = source.current() !== first
        #expect(isNew)
    }

    @Test func aMissingFileIsNamedAtOnce() throws {
        var configuration = KafkaClientConfiguration(bootstrapServers: ["localhost:1"])
        configuration.security = .tls(KafkaTLSConfiguration(trust: .pemFile("/no/such/ca.pem")))
        let producing = ProducerConfiguration(configuration)
        let error = #expect(throws: KafkaError.self) { _ = try KafkaProducer(producing) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("/no/such/ca.pem") == true)
        #expect(error?.message.contains("doesn't exist") == true)
    }

    @Test func credentialsOverPlaintextCauseOneWarningExceptForLoopback() throws {
        let warnings = KeptLog(minimum: .warning)
        let security = try ConnectionSecurity(
            .sasl(.plain(username: "u", password: "p"), over: .plaintext),
            logger: Logger(warnings))
        for host in ["localhost", "127.0.0.1", "::1"] {
            security.warnOfPlaintextCredentials(to: Broker(id: 1, host: host, port: 9092))
        }
        #expect(warnings.events.isEmpty)
        for _ in 0..<3 {
            security.warnOfPlaintextCredentials(to: Broker(id: 1, host: "kafka.example", port: 9092))
        }
        #expect(warnings.events.count == 1)
    }

    @Test func aHostNameThatLooksLikeALoopbackAddressCausesAWarning() throws {
        let warnings = KeptLog(minimum: .warning)
        let security = try ConnectionSecurity(
            .sasl(.plain(username: "u", password: "p"), over: .plaintext),
            logger: Logger(warnings))
        security.warnOfPlaintextCredentials(to: Broker(id: 1, host: "127.kafka.example", port: 9092))
        #expect(warnings.events.count == 1)
    }
}
