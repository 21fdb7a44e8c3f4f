// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// Client properties with the names of Java's clients or of librdkafka.
struct ClientProperties: Hashable, Sendable {
    private(set) var values: [String: String] = [:]

    private static let prefix = "ASYNC_KAFKA_"
    /// Variables that are no properties.
    private static let reserved: Set<String> = ["ASYNC_KAFKA_PROFILE", "ASYNC_KAFKA_HOME"]

    /// The names of librdkafka that mean the same as one of Java's.
    private static let synonyms = [
        "metadata.broker.list": "bootstrap.servers", "sasl.mechanisms": "sasl.mechanism",
        "topic.metadata.refresh.interval.ms": "metadata.max.age.ms", "socket.timeout.ms": "request.timeout.ms",
        "ssl.certificate.location": "ssl.keystore.certificate.chain.location",
        "ssl.key.location": "ssl.keystore.key.location",
    ]

    init() {}

    /// The variables `ASYNC_KAFKA_…`, with full stops instead of the underscores.
    init(environment: [String: String]) {
        for (variable, value) in environment where variable.hasPrefix(Self.prefix) && !Self.reserved.contains(variable)
        {
            self[String(variable.dropFirst(Self.prefix.count)).lowercased().replacingAll("_", with: ".")] = value
        }
    }

    /// Reads a file in Java's `.properties` format.
    init(file: String) throws {
        do {
            for (name, value) in try PropertiesText.parse(try FileSystem.read(file)) { self[name] = value }
        } catch let error as KafkaError {
            throw Failure("\(file): \(error.message)")
        }
    }

    subscript(name: String) -> String? {
        get { self.values[Self.synonyms[name] ?? name] }
        set { self.values[Self.synonyms[name] ?? name] = newValue }
    }

    /// Takes the properties of others, which win over its own.
    mutating func merge(_ others: ClientProperties) {
        self.values.merge(others.values) { $1 }
    }

    /// Whether a property's value is a secret, which must not stand on a command line.
    static func isSecret(_ name: String) -> Bool {
        ["password", "passphrase", "secret"].contains { name.hasSuffix($0) }
            || ["sasl.jaas.config", "ssl.keystore.key", "ssl.key.pem"].contains(name)
    }

    /// The environment variable for a property.
    static func variable(for name: String) -> String {
        Self.prefix + name.replacingAll(".", with: "_").uppercased()
    }

    /// Returns the client's configuration.
    ///
    /// - Parameter askPassword: Asks the user for the password of a user of this name. Returns nil if that isn't possible.
    func configuration(askPassword: (String) -> String?) throws -> KafkaClientConfiguration {
        var rest = self.values
        func take(_ name: String) -> String? { rest.removeValue(forKey: name).flatMap { $0.isEmpty ? nil : $0 } }

        let servers = (take("bootstrap.servers") ?? "localhost:9092").split(separator: ",").map { server in
            let server = server.filter { $0 != " " }
            return server.contains(":") ? server : server + ":9092"
        }
        var configuration = KafkaClientConfiguration(bootstrapServers: servers)
        configuration.clientID = take("client.id") ?? "async-kafka"
        configuration.rack = take("client.rack")
        for (name, path) in Self.durations {
            guard let value = take(name) else { continue }
            guard let milliseconds = Int64(value), milliseconds >= 0 else {
                throw UsageError("\(name) must be a number of milliseconds; it is \"\(value)\"")
            }
            configuration[keyPath: path] = .milliseconds(milliseconds)
        }
        for name in rest.keys where !Self.isOfSecurity(name) { rest[name] = nil }
        try Self.translate(&rest, askPassword)
        if !rest.isEmpty { configuration.security = try KafkaSecurity(properties: rest) }
        return configuration
    }

    private static var durations: [(String, WritableKeyPath<KafkaClientConfiguration, Duration>)] {
        [
            ("request.timeout.ms", \.requestTimeout), ("default.api.timeout.ms", \.apiTimeout),
            ("socket.connection.setup.timeout.ms", \.connectionSetupTimeout),
            ("connections.max.idle.ms", \.connectionMaxIdle), ("reconnect.backoff.ms", \.reconnectBackoff),
            ("reconnect.backoff.max.ms", \.reconnectBackoffMax), ("retry.backoff.ms", \.retryBackoff),
            ("retry.backoff.max.ms", \.retryBackoffMax), ("metadata.max.age.ms", \.metadataMaxAge),
        ]
    }

    private static func isOfSecurity(_ name: String) -> Bool {
        ["security.", "sasl.", "ssl.", "enable.ssl."].contains { name.hasPrefix($0) }
    }

    /// Whether a property says something about the connection. A file may have others too, for producers and consumers.
    static func isOfConnection(_ name: String) -> Bool {
        let name = Self.synonyms[name] ?? name
        return Self.isOfSecurity(name) || ["bootstrap.servers", "client.id", "client.rack"].contains(name)
            || Self.durations.contains { $0.0 == name }
    }

    /// Replaces librdkafka's names that have no counterpart of the same form in Java.
    private static func translate(_ values: inout [String: String], _ askPassword: (String) -> String?) throws {
        if let path = values.removeValue(forKey: "ssl.ca.location") {
            values["ssl.truststore.location"] = path
            values["ssl.truststore.type"] = "PEM"
        }
        for name in ["ssl.keystore.certificate.chain", "ssl.keystore.key"] {
            guard let path = values.removeValue(forKey: name + ".location") else { continue }
            values[name] = String(decoding: try FileSystem.read(path), as: UTF8.self)
            values["ssl.keystore.type"] = "PEM"
        }
        if values.removeValue(forKey: "enable.ssl.certificate.verification")?.lowercased() == "false" {
            throw UsageError(
                "enable.ssl.certificate.verification=false isn't supported: name the authority with ssl.ca.location, or set "
                    + "ssl.endpoint.identification.algorithm to nothing to accept any name of the server")
        }
        guard let user = values.removeValue(forKey: "sasl.username") else { return }
        let mechanism = values["sasl.mechanism"]?.uppercased() ?? "PLAIN"
        values["sasl.mechanism"] = mechanism
        guard let password = values.removeValue(forKey: "sasl.password") ?? askPassword(user) else {
            throw UsageError("sasl.username is set and sasl.password isn't; set \(Self.variable(for: "sasl.password"))")
        }
        let module = mechanism == "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule"
        func quoted(_ text: String) -> String {
            "\"" + text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
        }
        values["sasl.jaas.config"] =
            "org.apache.kafka.common.security.\(module) required username=\(quoted(user)) password=\(quoted(password));"
    }
}

extension String {
    func replacingAll(_ character: Character, with other: Character) -> String {
        String(self.map { $0 == character ? other : $0 })
    }
}
