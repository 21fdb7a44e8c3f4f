// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// The options of commands with a second topic, which may be in another cluster.
enum OtherCluster {
    static let options: [any Declared] = [Self.servers, Self.file, Self.profile]

    private static let servers = Option(
        "--other-bootstrap-servers", .text("HOST:PORT,..."), "The brokers of the second topic's cluster.")
    private static let file = Option("--other-properties", .file(), "The client properties of that cluster.")
    private static let profile = Option(
        "--other-profile", .text("NAME", completion: .lines(of: ["profiles", "names"])), "That cluster, as a profile.")

    /// Returns the second topic's cluster, or nil if it is the first one.
    static func configuration(
        _ arguments: Arguments, beside first: KafkaClientConfiguration
    ) throws -> KafkaClientConfiguration? {
        var properties = ClientProperties()
        if let name = arguments[Self.profile] { properties = try ProfileStore.standard.properties(of: name) }
        if let file = arguments[Self.file] { properties.merge(try ClientProperties(file: file)) }
        if let servers = arguments[Self.servers] { properties["bootstrap.servers"] = servers }
        guard properties != ClientProperties() else { return nil }
        guard properties["bootstrap.servers"] != nil else {
            throw UsageError("Name the other cluster's brokers: --other-bootstrap-servers")
        }
        var second = try properties.configuration { Terminal.secret("Password of \($0) for the other cluster: ") }
        (second.log, second.apiTimeout, second.requestTimeout) = (first.log, first.apiTimeout, first.requestTimeout)
        return second
    }
}
