// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka cluster`
enum Cluster {
    static let command = Command(
        "cluster", "describes the cluster and its brokers", subcommands: [Self.describe])

    private static let describe = Command(
        "describe", aliases: ["show", "list", "brokers"], "describes the cluster and its brokers"
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let cluster = try await admin.describeCluster()
            let columns: [Column<Broker>] = [
                Column("id") { JSONValue($0.id) }, Column("host") { .text($0.host) },
                Column("port") { JSONValue($0.port) }, Column("rack") { JSONValue($0.rack) },
                Column("controller") { JSONValue($0.id == cluster.controller) },
            ]
            guard session.output.format == .json else {
                try session.output.heading("cluster \(cluster.id ?? "(without an id)")")
                return try session.output.list(cluster.brokers, columns)
            }
            try session.output.write(
                .object([
                    "id": JSONValue(cluster.id), "controller": JSONValue(cluster.controller),
                    "brokers": .array(cluster.brokers.map { JSONValue($0, columns) }),
                ]))
        }
    }
}
