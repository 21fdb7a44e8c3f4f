// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// The options that say which cluster to work with, and how to log in there.
enum ConnectionOptions {
    static let bootstrapServers = Option(
        "--bootstrap-servers", short: "b", .text("HOST:PORT,..."), "The brokers to ask first.")
    static let propertiesFile = Option(
        "--properties", .file(), "A file of client properties, with the names of Java's clients or librdkafka's.")
    static let profile = Option(
        "--profile", .text("NAME", completion: .lines(of: ["profiles", "names"])), "A cluster saved by `profiles add`.")
    static let property = Option(
        "--set", short: "X", .pair(), isRepeatable: true,
        "A property of the connection, such as client.id=me. Secrets are refused.")
    static let timeout = Option(
        "--timeout", .duration(), "How long to wait for brokers, with all retries. Default: 1m.")

    static let all: [any Declared] = [
        Self.bootstrapServers, Self.propertiesFile, Self.profile, Self.property, Self.timeout,
    ]

    static let details = """
        The cluster is named by --bootstrap-servers, by a file of client properties or by a profile; without all of them by the \
        environment (ASYNC_KAFKA_BOOTSTRAP_SERVERS), then by the profile that `profiles use` has chosen, then it is localhost:9092. \
        Options win over the environment, which wins over profiles. Every property of the connection can be set in the environment: \
        ASYNC_KAFKA_SASL_PASSWORD is sasl.password. If sasl.username is set and sasl.password isn't, the password is asked for in \
        the terminal.
        """
}

/// How much the tool says about its work.
enum Verbosity {
    static let flag = Flag("--verbose", short: "v", "Writes what the client logs to standard error.")
}

extension KafkaClientConfiguration {
    /// The cluster that the command line, the environment and the profiles name.
    init(_ arguments: Arguments) throws {
        self = try Self.resolve(arguments, environment: ProcessEnvironment.variables, profiles: ProfileStore.standard)
        self.log = StandardErrorLog(minimum: arguments[Verbosity.flag] ? .debug : .error)
        if let timeout = arguments[ConnectionOptions.timeout] {
            self.apiTimeout = timeout
            self.requestTimeout = min(self.requestTimeout, timeout)
        }
    }

    static func resolve(
        _ arguments: Arguments, environment: [String: String], profiles: ProfileStore
    ) throws -> KafkaClientConfiguration {
        let fromEnvironment = ClientProperties(environment: environment)
        let fromOptions = try ClientProperties(ofConnectionOptions: arguments)
        var properties = ClientProperties()
        if let name = arguments[ConnectionOptions.profile] ?? environment["ASYNC_KAFKA_PROFILE"] {
            properties = try profiles.properties(of: name)
        } else if fromOptions["bootstrap.servers"] == nil, fromEnvironment["bootstrap.servers"] == nil,
            let current = try profiles.current()
        {
            properties = try profiles.properties(of: current)
        }
        properties.merge(fromEnvironment)
        properties.merge(fromOptions)
        return try properties.configuration { Terminal.secret("Password of \($0): ") }
    }
}

extension ClientProperties {
    /// The properties that the options of a command line name, without those of a profile.
    init(ofConnectionOptions arguments: Arguments) throws {
        self.init()
        if let file = arguments[ConnectionOptions.propertiesFile] { self = try ClientProperties(file: file) }
        for pair in arguments[all: ConnectionOptions.property] {
            guard !Self.isSecret(pair.name) else {
                throw UsageError(
                    "--set \(pair.name): others on this machine would see the secret; use \(Self.variable(for: pair.name)) "
                        + "or a file")
            }
            guard Self.isOfConnection(pair.name) else {
                throw UsageError(
                    "--set \(pair.name): the tool has no use for this property; --set is for the connection to a cluster"
                )
            }
            self[pair.name] = pair.value
        }
        if let servers = arguments[ConnectionOptions.bootstrapServers] { self["bootstrap.servers"] = servers }
    }
}
