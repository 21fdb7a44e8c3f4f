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

@Suite struct SecurityPropertiesTests {
    private static let modules = "org.apache.kafka.common.security"

    private func tls(_ properties: [String: String]) throws -> KafkaTLSConfiguration {
        let security = try KafkaSecurity(properties: properties.merging(["security.protocol": "SSL"]) { own, _ in own })
        guard case .tls(let configuration) = security.transport else { throw KafkaError.cancelled }
        return configuration
    }

    private func refusal(_ properties: [String: String]) -> String {
        let error = #expect(throws: KafkaError.self) { try KafkaSecurity(properties: properties) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message ?? ""
    }

    private func refusal(tls properties: [String: String]) -> String {
        self.refusal(properties.merging(["security.protocol": "SSL"]) { own, _ in own })
    }

    private func file(_ name: String, _ contents: Bytes) throws -> String {
        let path = TemporaryFolder.path(name)
        try Data(contents).write(to: path)
        return path.path
    }

    // MARK: Protocol

    @Test func noPropertiesMeanPlaintext() throws {
        #expect(try KafkaSecurity(properties: [:]).description == "PLAINTEXT")
        #expect(try KafkaSecurity(properties: ["security.protocol": "ssl"]).description == "SSL")
    }

    @Test(arguments: [
        ("PLAIN", "plain.PlainLoginModule required username=\"a\" password=\"b\";"),
        ("SCRAM-SHA-256", "scram.ScramLoginModule required username=\"a\" password=\"b\";"),
        ("SCRAM-SHA-512", "scram.ScramLoginModule required username=\"a\" password=\"b\" tokenauth=true;"),
        ("OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"a\";"),
    ])
    func everyMechanismIsConfiguredByItsLoginModule(mechanism: String, module: String) throws {
        for (name, description) in [("SASL_SSL", "SASL_SSL"), ("SASL_PLAINTEXT", "SASL_PLAINTEXT")] {
            let security = try KafkaSecurity(properties: [
                "security.protocol": name, "sasl.mechanism": mechanism, "sasl.jaas.config": "\(Self.modules).\(module)",
            ])
            #expect(security.description == "\(description) \(mechanism)")
        }
    }

    /// The backslash at the end of the line before is missing, so the rest of the value is read as a property.
    @Test(arguments: ["\"hush\";", "hush", "password=\"hush\";", "user.name=\"hush\""])
    func aPartOfAValueIsNotQuotedAsAName(line: String) {
        let message = self.refusal([
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "\(Self.modules).plain.PlainLoginModule required username=\"al\" password=\"b\";",
            line: "",
        ])
        #expect(message.contains("does the line before it lack its backslash?"), "\(message)")
        #expect(!message.contains("hush"))
    }

    @Test func passwordsReachTheMechanismUnchanged() async throws {
        let security = try KafkaSecurity(properties: [
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "\(Self.modules).plain.PlainLoginModule required username=\"al\" password=\"a\\\"b \";",
        ])
        var exchange = try await #require(security.mechanism).makeExchange(with: KafkaServer(host: "h"))
        let first = try exchange.respond(to: nil)
        #expect(first == .send(Bytes("\u{0}al\u{0}a\"b ")))
    }

    @Test func tokenauthIsSentToTheBroker() async throws {
        let security = try KafkaSecurity(properties: [
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.jaas.config":
                "\(Self.modules).scram.ScramLoginModule required username=\"id\" password=\"hmac\" tokenauth=\"true\";",
        ])
        var exchange = try await #require(security.mechanism).makeExchange(with: KafkaServer(host: "h"))
        guard case .send(let first) = try exchange.respond(to: nil) else { throw KafkaError.cancelled }
        #expect(String(decoding: first, as: UTF8.self).contains("tokenauth=true"))
    }

    @Test func unsecuredTokensHaveTheConfiguredClaims() throws {
        let provider = try UnsecuredTokenProvider(
            LoginModule(
                """
                OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="al\\"ice"
                unsecuredLoginNumberClaim_level="3" unsecuredLoginListClaim_scope="|a|b" unsecuredLoginLifetimeSeconds="60"
                unsecuredLoginExtension_trace="t";
                """))
        let token = provider.token()
        #expect(token.extensions == ["trace": "t"])
        let parts = token.value.text.split(separator: ".", omittingEmptySubsequences: false)
        #expect(parts.count == 3 && parts.last == "")
        let body = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        let padded = body + String(repeating: "=", count: (4 - body.count % 4) % 4)
        let claims = try JSONSerialization.jsonObject(with: Data(base64Encoded: padded) ?? Data()) as? [String: Any]
        #expect(claims?["sub"] as? String == "al\"ice")
        #expect(claims?["level"] as? Double == 3)
        #expect(claims?["scope"] as? [String] == ["a", "b"])
        let lifetime = (claims?["exp"] as? Double ?? 0) - (claims?["iat"] as? Double ?? 0)
        #expect(abs(lifetime - 60) < 0.01)
    }

    // MARK: TLS

    @Test func tlsVersionsAndCiphersAreTranslated() throws {
        let both = try self.tls(["ssl.enabled.protocols": "TLSv1.3, TLSv1.2", "ssl.protocol": "TLSv1.3"])
        #expect(both.minimumVersion == .tls12 && both.maximumVersion == .tls13)
        let old = try self.tls(["ssl.enabled.protocols": "TLSv1.2,TLSv1.1,TLSv1"])
        #expect(old.minimumVersion == .tls12 && old.maximumVersion == .tls12)
        let new = try self.tls(["ssl.cipher.suites": "TLS_AES_128_GCM_SHA256"])
        #expect(new.minimumVersion == .tls13 && new.cipherSuites == "TLS_AES_128_GCM_SHA256")
        let mixed = try self.tls([
            "ssl.cipher.suites": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256"
        ])
        #expect(mixed.ciphers == "ECDHE-RSA-AES256-GCM-SHA384" && mixed.cipherSuites == "TLS_AES_128_GCM_SHA256")
        #expect(mixed.minimumVersion == .tls12 && mixed.maximumVersion == .tls13)
        for configuration in [both, old, new, mixed] { _ = try configuration.makeContext() }
    }

    @Test func onlyAnEmptyAlgorithmDisablesHostNameVerification() throws {
        #expect(try self.tls([:]).verification == .full)
        #expect(try self.tls(["ssl.endpoint.identification.algorithm": "HTTPS"]).verification == .full)
        #expect(
            try self.tls(["ssl.endpoint.identification.algorithm": " "]).verification
                == .authorityOnly)
    }

    @Test func pemStoresAreReadFromFilesAndValues() throws {
        let authority = try CertificateAuthority()
        let issued = try authority.issue()
        let both = try self.file("both.pem", Bytes(Array(issued.key) + Array(issued.chain)))
        let trust = try self.file("trust.pem", authority.certificate)
        let inFiles = try self.tls([
            "ssl.truststore.type": "PEM", "ssl.truststore.location": trust, "ssl.keystore.type": "PEM",
            "ssl.keystore.location": both,
        ])
        #expect(inFiles.trust == .pemFile(trust))
        #expect(inFiles.identity == .pemFiles(chain: both, key: both))
        _ = try inFiles.makeContext()

        // In a properties file the lines of PEM are usually joined.
        func inOneLine(_ pem: Bytes) -> String { String(decoding: pem, as: UTF8.self).replacing("\n", with: " ") }
        let inValues = try self.tls([
            "ssl.truststore.type": "PEM", "ssl.truststore.certificates": inOneLine(authority.certificate),
            "ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": inOneLine(issued.chain),
            "ssl.keystore.key": inOneLine(try issued.encryptedKey(password: "hush")), "ssl.key.password": "hush",
        ])
        _ = try inValues.makeContext()
    }

    @Test func pkcs12StoresAreOpenedEvenIfDeclaredAsJKSAsInJava() throws {
        let issued = try CertificateAuthority().issue()
        let store = try self.file("store.p12", try issued.pkcs12(password: "hush"))
        for type in ["PKCS12", "JKS", nil] {
            var properties = [
                "ssl.truststore.location": store, "ssl.truststore.password": "hush", "ssl.keystore.location": store,
                "ssl.keystore.password": "hush", "ssl.key.password": "hush",
            ]
            properties["ssl.truststore.type"] = type
            properties["ssl.keystore.type"] = type
            let configuration = try self.tls(properties)
            #expect(configuration.trust == .pkcs12File(store, password: "hush"))
            #expect(configuration.identity == .pkcs12File(store, password: "hush"))
            _ = try configuration.makeContext()
        }
    }

    @Test func aTrustStoreWithAWrongPasswordIsRefused() throws {
        let issued = try CertificateAuthority().issue()
        let configuration = KafkaTLSConfiguration(
            trust: .pkcs12(try issued.pkcs12(password: "right"), password: "hush"))
        let error = #expect(throws: KafkaError.self) { try configuration.makeContext() }
        #expect(error?.message.contains("password is wrong") == true)
        #expect(error?.message.contains("hush") == false)
    }

    @Test func aJKSFileIsRefusedWithTheCommandThatConvertsIt() throws {
        let store = try self.file("store.jks", Bytes([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2] as [UInt8]))
        for name in ["ssl.truststore.location", "ssl.keystore.location"] {
            let message = self.refusal(tls: [name: store, "ssl.keystore.password": "hush"])
            #expect(message.contains("keytool -importkeystore -srckeystore \(store)"))
            #expect(message.contains("\(name): "))
        }
    }

    @Test func aPEMFileWithoutItsTypeIsReported() throws {
        let store = try self.file("trust.pem", try CertificateAuthority().certificate)
        #expect(self.refusal(tls: ["ssl.truststore.location": store]).contains("ssl.truststore.type: it must be PEM"))
    }

    @Test func aStoreThatIsMissingIsNamed() {
        let message = self.refusal(tls: ["ssl.truststore.location": "/no/such.p12"])
        #expect(message.contains("/no/such.p12") && message.contains("doesn't exist"))
    }

    // MARK: Errors

    @Test func allInvalidPropertiesAreReportedTogether() {
        let message = self.refusal([
            "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": "nonsense",
            "ssl.provider": "x", "bootstrap.servers": "x", "ssl.enabled.protocols": "TLSv1.9",
        ])
        for name in [
            "sasl.jaas.config: ", "ssl.provider: ", "bootstrap.servers: ", "ssl.enabled.protocols: \"TLSv1.9\"",
        ] {
            #expect(message.contains(name))
        }
        #expect(!message.contains("nonsense"))
    }

    @Test(arguments: [
        (["security.protocol": "TLS"], "security.protocol: \"TLS\" is none of"),
        (["sasl.mechanism": "PLAIN"], "sasl.mechanism: it is of no use without security.protocol=SASL_SSL"),
        (["security.protocol": "SSL", "sasl.mechanism": "PLAIN"], "sasl.mechanism: it is of no use"),
        (["ssl.key.password": "hush"], "ssl.key.password: it is of no use without security.protocol=SSL"),
        (["security.protocol": "SSL", "ssl.key.password": "hush"], "ssl.key.password: it is of no use"),
        (["security.protocol": "SSL", "ssl.truststore.password": "hush"], "ssl.truststore.password: it is of no use"),
        (["security.protocol": "SSL", "ssl.keystore.password": "hush"], "ssl.keystore.password: it is of no use"),
        (["security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"], "sasl.jaas.config: it is missing"),
        (["security.protocol": "SASL_SSL"], "sasl.jaas.config: it is missing: GSSAPI"),
        (["security.protocol": "SASL_SSL", "sasl.mechanism": "X"], "sasl.mechanism: \"X\" is none of"),
        (["security.protocol": "SSL", "ssl.protocol": "SSLv3"], "ssl.protocol: "),
        (["security.protocol": "SSL", "ssl.enabled.protocols": "TLSv1.1"], "nothing older is spoken"),
        (["security.protocol": "SSL", "ssl.cipher.suites": "hm"], "ssl.cipher.suites: \"hm\" is no cipher suite"),
        (
            [
                "security.protocol": "SSL", "ssl.cipher.suites": "TLS_AES_128_GCM_SHA256",
                "ssl.enabled.protocols": "TLSv1.2",
            ], "ssl.cipher.suites: none of them is for"
        ),
        (["security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "no"], "identification.algorithm: "),
        (["security.protocol": "SSL", "ssl.truststore.type": "BKS"], "ssl.truststore.type: it must be PEM or PKCS12"),
        (
            ["security.protocol": "SSL", "ssl.truststore.certificates": "hush"],
            "only be used with ssl.truststore.type=PEM"
        ),
        (["security.protocol": "SSL", "ssl.keystore.key": "hush"], "only be used with ssl.keystore.type=PEM"),
        (
            ["security.protocol": "SSL", "ssl.keystore.type": "PEM", "ssl.keystore.key": "hush"],
            "ssl.keystore.certificate.chain: it is missing"
        ),
        (
            [
                "security.protocol": "SSL", "ssl.keystore.type": "PEM", "ssl.keystore.location": "/x",
                "ssl.keystore.password": "hush",
            ], "ssl.keystore.password: a PEM store has no password"
        ),
    ])
    func contradictoryPropertiesAreRefused(properties: [String: String], expected: String) {
        let message = self.refusal(properties)
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("hush"))
    }

    @Test(arguments: [
        ("PLAIN", "scram.ScramLoginModule required username=\"a\" password=\"hush\";", "not a ScramLoginModule"),
        ("PLAIN", "plain.PlainLoginModule required username=\"a\";", "has no password"),
        ("PLAIN", "plain.PlainLoginModule required username=\"a\" passwd=\"hush\";", "option 2"),
        ("SCRAM-SHA-256", "scram.ScramLoginModule required password=\"hush\";", "has no username"),
        ("OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule required;", "unsecuredLoginStringClaim_"),
        (
            "OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule required clientSecret=\"hush\";",
            "OAuthBearerTokenProvider"
        ),
        (
            "OAUTHBEARER",
            "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"a\" unsecuredLoginNumberClaim_n=\"hush\";",
            "option 2 must be a number"
        ),
    ])
    func invalidLoginModulesAreRefused(mechanism: String, module: String, expected: String) {
        let message = self.refusal([
            "security.protocol": "SASL_SSL", "sasl.mechanism": mechanism,
            "sasl.jaas.config": "\(Self.modules).\(module)",
        ])
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("hush"))
    }

    private func kerberos(_ options: String, _ more: [String: String] = [:]) -> [String: String] {
        more.merging([
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI",
            "sasl.jaas.config": "com.sun.security.auth.module.Krb5LoginModule required \(options);",
        ]) { own, _ in own }
    }

    #if GSSAPI
    @Test(arguments: [
        "useKeyTab=true storeKey=true keyTab=\"/k\" principal=\"a@B\" serviceName=kafka",
        "useTicketCache=true renewTGT=true", "useTicketCache=true ticketCache=\"/c\" principal=\"a@B\"",
    ])
    func kerberosModulesWithAKeytabOrATicketCacheAreAccepted(options: String) throws {
        let properties = self.kerberos(options, ["sasl.kerberos.service.name": "kafka"])
        #expect(try KafkaSecurity(properties: properties).description == "SASL_PLAINTEXT GSSAPI")
    }

    @Test(arguments: [
        ("useKeyTab=true keyTab=\"/k\"", "wants a principal"),
        ("useKeyTab=true principal=\"a\"", "has no keyTab"),
        ("storeKey=true", "needs useKeyTab=true or useTicketCache=true"),
        ("useTicketCache=true serviceName=other", "another than sasl.kerberos.service.name"),
        ("useTicketCache=true tryFirstPass=true", "option 2"),
    ])
    func invalidKerberosModulesAreRefused(options: String, expected: String) {
        let message = self.refusal(self.kerberos(options, ["sasl.kerberos.service.name": "kafka"]))
        #expect(message.contains(expected), "\(message)")
    }
    #else
    @Test func kerberosWithoutThePackageTraitIsReported() {
        #expect(self.refusal(self.kerberos("useTicketCache=true")).contains("package trait GSSAPI"))
    }
    #endif

    // MARK: Files

    @Test func aFileIsRead() throws {
        let path = try self.file(
            "client.properties",
            """
            # who we are
            security.protocol = SASL_SSL
            sasl.mechanism: SCRAM-SHA-512
            sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
                username="alice" \\
                password="a\\\\"b";
            """)
        #expect(try KafkaSecurity(propertiesFile: path).description == "SASL_SSL SCRAM-SHA-512")
    }

    @Test func anUnreadableFileIsNamed() throws {
        let missing = #expect(throws: KafkaError.self) { try KafkaSecurity(propertiesFile: "/no/such.properties") }
        #expect(missing?.message.contains("/no/such.properties") == true)
        let broken = try self.file("broken.properties", "a=\\u1")
        let error = #expect(throws: KafkaError.self) { try KafkaSecurity(propertiesFile: broken) }
        #expect(error?.message.contains(broken) == true && error?.message.contains("Line 1") == true)
    }
}
