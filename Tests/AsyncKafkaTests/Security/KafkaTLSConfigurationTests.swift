// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The effect of each setting, tested by handshakes with a server.
@Suite(.timeLimit(.minutes(1))) struct KafkaTLSConfigurationTests {
    private let authority: CertificateAuthority

    init() throws {
        self.authority = try CertificateAuthority()
    }

    /// Returns why a client with this configuration can't connect to this server, or nil if it can.
    private func failure(
        _ configuration: KafkaTLSConfiguration, server configureServer: (inout TLSSettings) throws -> Void = { _ in }
    ) async throws -> TLSFailure? {
        var settings = TLSSettings()
        settings.identity = try self.authority.issue().identity
        settings.trust = .authorities(self.authority.certificate)
        try configureServer(&settings)
        let loop = try EventLoop(name: "handshakes")
        defer { loop.shutdown() }
        let listener = try Listener(
            port: 0, tls: try TLSContext(server: settings), loop: loop, maximumFrameSize: 1000
        ) { $0.close() }
        let context = try configuration.makeContext()
        do throws(TransportError) {
            let channel = try await SocketChannel.connect(
                host: "127.0.0.1", port: listener.port, tls: context, loop: loop, timeout: .seconds(10),
                maximumFrameSize: 1000)
            channel.close()
            return nil
        } catch .tls(let failure) {
            return failure
        }
    }

    private func configuration(_ configure: (inout KafkaTLSConfiguration) -> Void = { _ in }) -> KafkaTLSConfiguration {
        var configuration = KafkaTLSConfiguration(trust: .pem(self.authority.certificate))
        configure(&configuration)
        return configuration
    }

    // MARK: Verification

    private static let verifications: [KafkaTLSConfiguration.Verification] = [
        .full, .authorityOnly, .disabled,
    ]

    @Test(arguments: Self.verifications)
    func anotherHostNameIsRefusedByFullVerificationOnly(verification: KafkaTLSConfiguration.Verification) async throws {
        let failure = try await self.failure(self.configuration { $0.verification = verification }) {
            $0.identity = try self.authority.issue(hosts: ["DNS:kafka.example"]).identity
        }
        let refusal = TLSFailure.nameMismatch(expected: "127.0.0.1", names: ["kafka.example"])
        #expect(failure == (verification == .full ? refusal : nil))
    }

    @Test(arguments: Self.verifications)
    func anotherAuthorityIsRefusedUnlessUnverified(verification: KafkaTLSConfiguration.Verification) async throws {
        let failure = try await self.failure(self.configuration { $0.verification = verification }) {
            $0.identity = try CertificateAuthority().issue().identity
        }
        let isRefused = self.isUnknownAuthority(failure)
        #expect(verification == .disabled ? failure == nil : isRefused)
    }

    private func isUnknownAuthority(_ failure: TLSFailure?) -> Bool {
        if case .unknownAuthority = failure { true } else { false }
    }

    // MARK: Versions and ciphers

    @Test(arguments: [
        (KafkaTLSConfiguration.Version.tls12, KafkaTLSConfiguration.Version.tls12, true, false),
        (.tls12, .tls13, true, true),
        (.tls13, .tls13, false, true),
    ])
    func theVersionsFromTheMinimumToTheMaximumAreUsed(
        minimum: KafkaTLSConfiguration.Version, maximum: KafkaTLSConfiguration.Version, speaks12: Bool, speaks13: Bool
    ) async throws {
        let configuration = self.configuration {
            $0.minimumVersion = minimum
            $0.maximumVersion = maximum
        }
        for (version, isSpoken) in [(TLSSettings.Version.tls12, speaks12), (.tls13, speaks13)] {
            let failure = try await self.failure(configuration) {
                $0.minimumVersion = version
                $0.maximumVersion = version
            }
            #expect((failure == nil) == isSpoken, "\(version): \(String(describing: failure))")
        }
    }

    @Test func theCiphersAreThoseOfTLS12() async throws {
        let (one, other) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")
        for (ciphers, isSpoken) in [(nil, true), (one, true), (other, false)] {
            let failure = try await self.failure(self.configuration { $0.ciphers = ciphers }) {
                $0.maximumVersion = .tls12
                $0.ciphers = one
            }
            #expect((failure == nil) == isSpoken, "\(String(describing: failure))")
        }
    }

    @Test func theCipherSuitesAreThoseOfTLS13() async throws {
        let (one, other) = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
        for (suites, isSpoken) in [(nil, true), (one, true), (other, false)] {
            let failure = try await self.failure(self.configuration { $0.cipherSuites = suites }) {
                $0.minimumVersion = .tls13
                $0.cipherSuites = one
            }
            #expect((failure == nil) == isSpoken, "\(String(describing: failure))")
        }
    }

    // MARK: Trust and identity

    /// Returns the path of a file with these bytes.
    private func file(_ bytes: Bytes) throws -> String {
        let file = TemporaryFolder.path("tls")
        try Data(bytes).write(to: file)
        return file.path
    }

    @Test func onlyTheConfiguredKindOfTrustIsUsed() async throws {
        let other = try CertificateAuthority()
        for (authority, isBelieved) in [(self.authority, true), (other, false)] {
            let issued = try authority.issue()
            let store = try issued.pkcs12(password: "changeit")
            let trusts: [KafkaTLSConfiguration.Trust] = [
                .pem(authority.certificate), .pemFile(try self.file(authority.certificate)),
                .pkcs12(store, password: "changeit"), .pkcs12File(try self.file(store), password: "changeit"),
            ]
            for trust in trusts {
                let failure = try await self.failure(KafkaTLSConfiguration(trust: trust)) {
                    if isBelieved { $0.identity = issued.identity }
                }
                #expect((failure == nil) == isBelieved, "\(String(describing: failure))")
            }
        }
    }

    /// Runs `body` while the system trusts these authorities: OpenSSL reads this variable when a context is created.
    private func withSystemTrust<Result>(
        _ authorities: Bytes, _ body: () async throws -> Result
    ) async throws -> Result {
        let name = "SSL_CERT_FILE"
        let before = ProcessInfo.processInfo.environment[name]
        setenv(name, try self.file(authorities), 1)
        defer { if let before { setenv(name, before, 1) } else { unsetenv(name) } }
        return try await body()
    }

    @Test func onlyTheSystemsAuthoritiesAreTrustedByDefault() async throws {
        for (authority, isBelieved) in [(self.authority, true), (try CertificateAuthority(), false)] {
            let failure = try await self.withSystemTrust(authority.certificate) {
                try await self.failure(KafkaTLSConfiguration())
            }
            #expect(isBelieved ? failure == nil : self.isUnknownAuthority(failure), "\(String(describing: failure))")
        }
    }

    /// As for all programs on the system. Only an authority that the user configures is trusted without its root.
    @Test func anIntermediateAuthorityOfTheSystemRequiresItsRoot() async throws {
        let intermediate = try self.authority.intermediate(name: "intermediate")
        for (authority, isBelieved) in [(self.authority, true), (intermediate, false)] {
            let failure = try await self.withSystemTrust(authority.certificate) {
                try await self.failure(KafkaTLSConfiguration()) { $0.identity = try intermediate.issue().identity }
            }
            #expect(isBelieved ? failure == nil : self.isUnknownAuthority(failure), "\(String(describing: failure))")
        }
    }

    @Test func eachKindOfIdentityIsPresented() async throws {
        let issued = try self.authority.issue(name: "client", hosts: [])
        let key = try issued.encryptedKey(password: "s3cret")
        let store = try issued.pkcs12(password: "s3cret")
        let identities: [KafkaTLSConfiguration.Identity?] = [
            nil, .pem(chain: issued.chain, key: key, password: "s3cret"),
            .pemFiles(chain: try self.file(issued.chain), key: try self.file(key), password: "s3cret"),
            .pkcs12(store, password: "s3cret"), .pkcs12File(try self.file(store), password: "s3cret"),
        ]
        for identity in identities {
            let failure = try await self.failure(self.configuration { $0.identity = identity }) {
                $0.requiresClientCertificate = true
                // With TLS 1.3 a client's handshake completes before the server has verified its certificate.
                $0.maximumVersion = .tls12
            }
            #expect(failure == (identity == nil ? .certificateMissing : nil))
        }
    }
}
