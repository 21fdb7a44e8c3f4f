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

/// The settings that are refused, and the errors' messages.
@Suite struct TLSContextTests {
    private func refusal(_ configure: (inout TLSSettings) throws -> Void) throws -> String? {
        var settings = TLSSettings()
        try configure(&settings)
        do throws(TLSFailure) {
            _ = try TLSContext(client: settings)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func textThatIsNotACertificateIsRefused() throws {
        let refusal = try self.refusal { $0.trust = .authorities("no PEM at all") }
        #expect(refusal?.contains("there is no CERTIFICATE") == true)
    }

    @Test func aDamagedCertificateIsRefused() throws {
        let authority = try CertificateAuthority()
        var text = String(decoding: authority.certificate, as: UTF8.self)
        text.replace("MII", with: "MIJ", maxReplacements: 1)
        let refusal = try self.refusal { $0.trust = .authorities(Bytes(text)) }
        #expect(refusal?.contains("authorities' certificates can't be read") == true)
    }

    @Test func theKeyOfAnotherCertificateIsRefused() throws {
        let authority = try CertificateAuthority()
        let one = try authority.issue()
        let other = try authority.issue()
        let refusal = try self.refusal { $0.identity = .pem(chain: one.chain, key: other.key, password: nil) }
        #expect(refusal?.contains("does not belong") == true)
    }

    @Test func anEncryptedKeyRequiresItsPassword() throws {
        let issued = try CertificateAuthority().issue()
        let encrypted = try issued.encryptedKey(password: "s3cret")
        #expect(try self.refusal { $0.identity = .pem(chain: issued.chain, key: encrypted, password: "s3cret") } == nil)
        for wrong in [nil, "", "wrong"] {
            let refusal = try self.refusal { $0.identity = .pem(chain: issued.chain, key: encrypted, password: wrong) }
            #expect(refusal?.contains("password") == true)
            #expect(refusal?.contains("s3cret") == false)
        }
    }

    @Test func aPKCS12FileContainsChainAndKey() throws {
        let file = try CertificateAuthority().issue().pkcs12(password: "s3cret")
        #expect(try self.refusal { $0.identity = .pkcs12(file, password: "s3cret") } == nil)
        #expect(try self.refusal { $0.identity = .pkcs12(file, password: "x") }?.contains("password is wrong") == true)
        #expect(try self.refusal { $0.identity = .pkcs12("junk", password: "x") }?.contains("PKCS#12") == true)
    }

    /// As written by OpenSSL 1 and Java 8.
    @Test(.enabled(if: LegacyAlgorithms() != nil, "OpenSSL has no legacy provider here: no such file can be made"))
    func anUnsupportedPKCS12FileIsRefusedWithTheExportCommand() throws {
        let issued = try CertificateAuthority().issue()
        let file = try #require(LegacyAlgorithms()).pkcs12(issued, password: "s3cret")
        for refusal in [
            try self.refusal { $0.identity = .pkcs12(file, password: "s3cret") },
            try self.refusal { $0.trust = .pkcs12(file, password: "s3cret") },
        ] {
            #expect(refusal?.contains("given up") == true && refusal?.contains("openssl pkcs12 -legacy") == true)
            #expect(refusal?.contains("password is wrong") == false)
        }
        let refusal = try self.refusal { $0.identity = .pkcs12(file, password: "x") }
        #expect(refusal?.contains("password is wrong") == true)
    }

    @Test(.enabled(if: LegacyAlgorithms() != nil, "OpenSSL has no legacy provider here: no such key can be made"))
    func anUnsupportedKeyIsRefusedWithTheEncryptionCommand() throws {
        let issued = try CertificateAuthority().issue()
        let key = try #require(LegacyAlgorithms()).privateKey(issued, password: "s3cret")
        let refusal = try self.refusal { $0.identity = .pem(chain: issued.chain, key: key, password: "s3cret") }
        #expect(refusal?.contains("given up") == true && refusal?.contains("openssl pkcs8 -topk8") == true)
        #expect(refusal?.contains("s3cret") == false)
        let junk = try self.refusal { $0.identity = .pem(chain: issued.chain, key: issued.chain, password: "s3cret") }
        #expect(junk?.contains("given up") == false)
    }

    @Test func unknownCiphersAndContradictoryVersionsAreRefused() throws {
        #expect(try self.refusal { $0.ciphers = "NO-SUCH-CIPHER" }?.contains("NO-SUCH-CIPHER") == true)
        #expect(try self.refusal { $0.cipherSuites = "NO_SUCH" }?.contains("NO_SUCH") == true)
        let crossed = try self.refusal {
            $0.minimumVersion = .tls13
            $0.maximumVersion = .tls12
        }
        #expect(crossed?.contains("minimum") == true)
    }
}
