// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import async_kafka

struct ClientPropertiesTests {
    private func properties(_ values: [String: String]) -> ClientProperties {
        var properties = ClientProperties()
        for (name, value) in values { properties[name] = value }
        return properties
    }

    private func configuration(_ values: [String: String]) throws -> KafkaClientConfiguration {
        try self.properties(values).configuration { _ in nil }
    }

    @Test func namesOfJavaAndOfLibrdkafkaAreUnderstood() throws {
        let java = try self.configuration([
            "bootstrap.servers": "a:1,b", "client.id": "me", "request.timeout.ms": "1500", "client.rack": "r",
        ])
        #expect(java.bootstrapServers == ["a:1", "b:9092"])
        #expect(java.clientID == "me")
        #expect(java.requestTimeout == .milliseconds(1500))
        #expect(java.rack == "r")
        let other = try self.configuration(["metadata.broker.list": "a:1", "socket.timeout.ms": "700"])
        #expect(other.bootstrapServers == ["a:1"])
        #expect(other.requestTimeout == .milliseconds(700))
    }

    @Test func loginsOfLibrdkafkaAreTranslated() throws {
        let plain = try self.configuration([
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN", "sasl.username": "al\"ice",
            "sasl.password": "se\\cret;",
        ])
        #expect(plain.security.description.contains("PLAIN"))
        let scram = try self.configuration([
            "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "alice",
            "sasl.password": "x",
        ])
        #expect(scram.security.description.contains("SCRAM-SHA-512"))
    }

    @Test func passwordsAreAskedForOrMissed() throws {
        let properties = self.properties([
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "alice",
        ])
        var asked: [String] = []
        _ = try properties.configuration { user in
            asked.append(user)
            return "secret"
        }
        #expect(asked == ["alice"])
        let error = #expect(throws: UsageError.self) { try properties.configuration { _ in nil } }
        #expect(error?.description.contains("ASYNC_KAFKA_SASL_PASSWORD") == true)
    }

    @Test func propertiesOfOtherClientsArePassedOverAndWrongOnesOfSecurityAreNot() throws {
        #expect(throws: Never.self) { try self.configuration(["group.id": "g", "compression.type": "zstd"]) }
        let error = #expect(throws: KafkaError.self) { try self.configuration(["ssl.trustore.location": "x"]) }
        #expect(error?.message.contains("ssl.trustore.location") == true)
        #expect(throws: UsageError.self) { try self.configuration(["request.timeout.ms": "soon"]) }
        #expect(throws: UsageError.self) { try self.configuration(["enable.ssl.certificate.verification": "false"]) }
    }

    @Test func theEnvironmentHasEveryProperty() {
        let properties = ClientProperties(environment: [
            "ASYNC_KAFKA_SASL_PASSWORD": "x", "ASYNC_KAFKA_BOOTSTRAP_SERVERS": "a:1", "ASYNC_KAFKA_HOME": "/h",
            "PATH": "/bin",
            "ASYNC_KAFKA_PROFILE": "p",
        ])
        #expect(properties.values == ["sasl.password": "x", "bootstrap.servers": "a:1"])
    }

    @Test func profilesKeepEveryCharacterAndAreForTheirOwnerOnly() throws {
        let store = ProfileStore(directory: TemporaryFolder.path("profiles").path)
        let properties = self.properties(["client.id": " a=b\\#é\n\u{1f600}:", "bootstrap.servers": "a:1"])
        try store.save(properties, as: "prod")
        #expect(try store.properties(of: "prod") == properties)
        #expect(store.names == ["prod"])
        let attributes = try FileManager.default.attributesOfItem(atPath: store.directory + "/prod.properties")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try store.current() == nil)
        try store.use("prod")
        #expect(try store.current() == "prod")
        try store.delete("prod")
        #expect(try store.current() == nil, "a deleted profile isn't used")
        #expect(throws: Failure.self) { try store.properties(of: "prod") }
        #expect(throws: Failure.self) { try store.save(properties, as: "../prod") }
    }

    private func resolve(
        _ words: [String], environment: [String: String] = [:], profiles: ProfileStore
    ) throws -> [String] {
        guard case .run(_, let arguments) = try Program.command.parse(["topics", "list"] + words) else { return [] }
        return try KafkaClientConfiguration.resolve(arguments, environment: environment, profiles: profiles)
            .bootstrapServers
    }

    @Test func optionsWinOverTheEnvironmentAndThatOverProfiles() throws {
        let store = ProfileStore(directory: TemporaryFolder.path("profiles").path)
        #expect(try self.resolve([], profiles: store) == ["localhost:9092"])
        try store.save(self.properties(["bootstrap.servers": "current:1"]), as: "current")
        try store.save(self.properties(["bootstrap.servers": "other:1"]), as: "other")
        try store.use("current")
        #expect(try self.resolve([], profiles: store) == ["current:1"])
        #expect(try self.resolve(["--profile", "other"], profiles: store) == ["other:1"])
        #expect(try self.resolve([], environment: ["ASYNC_KAFKA_PROFILE": "other"], profiles: store) == ["other:1"])
        let environment = ["ASYNC_KAFKA_BOOTSTRAP_SERVERS": "environment:1"]
        #expect(try self.resolve([], environment: environment, profiles: store) == ["environment:1"])
        #expect(try self.resolve(["-b", "option:1"], environment: environment, profiles: store) == ["option:1"])
        #expect(
            try self.resolve(["-X", "bootstrap.servers=set:1"], environment: environment, profiles: store) == ["set:1"])
    }

    @Test func propertiesWithoutEffectAreRefusedOnTheCommandLine() throws {
        let store = ProfileStore(directory: TemporaryFolder.path("profiles").path)
        for name in ["linger.ms", "clinet.id"] {
            let error = #expect(throws: UsageError.self) { try self.resolve(["-X", "\(name)=1"], profiles: store) }
            #expect(error?.description.contains("--set \(name): the tool has no use for this property") == true)
        }
        #expect(throws: Never.self) { try self.resolve(["-X", "socket.timeout.ms=900"], profiles: store) }
    }

    @Test func secretsAreRefusedOnTheCommandLine() {
        let store = ProfileStore(directory: TemporaryFolder.path("profiles").path)
        for name in [
            "sasl.password", "ssl.key.password", "sasl.jaas.config", "sasl.oauthbearer.client.secret", "ssl.key.pem",
        ] {
            let error = #expect(throws: UsageError.self) { try self.resolve(["-X", "\(name)=tiger"], profiles: store) }
            #expect(error?.description.contains("tiger") == false)
            #expect(error?.description.contains("ASYNC_KAFKA_") == true)
        }
    }
}
