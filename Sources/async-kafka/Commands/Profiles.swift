// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka profiles`
enum Profiles {
    static let command = Command(
        "profiles", aliases: ["profile"], "saves clusters under names, so that one needs no options",
        details: """
            Profiles are files in ~/.config/async-kafka that only you may read (ASYNC_KAFKA_HOME names another directory). Secrets \
            come from a properties file or the environment, or are asked for each time.
            """,
        subcommands: [Self.list, Self.names, Self.add, Self.use, Self.remove])

    private static let name = Operand(
        "NAME", .text("NAME", completion: .lines(of: ["profiles", "names"])), "The profile's name.")

    private struct Row {
        var name: String
        var properties: ClientProperties
        var isCurrent: Bool
    }

    private static let list = Command(
        "list", aliases: ["ls"], "lists the profiles",
        examples: [Command.Example("async-kafka profiles list", "Which one is used")]
    ) { arguments in
        let store = ProfileStore.standard
        let current = try store.current()
        let rows = try store.names.map { name in
            Row(name: name, properties: try store.properties(of: name), isCurrent: name == current)
        }
        try Output(arguments).list(
            rows,
            [
                Column("profile") { .text($0.name) }, Column("current") { JSONValue($0.isCurrent) },
                Column("bootstrapServers") { JSONValue($0.properties["bootstrap.servers"]) },
                Column("security") { .text($0.properties["security.protocol"] ?? "PLAINTEXT") },
                Column("user") { JSONValue($0.properties["sasl.username"]) },
            ])
    }

    private static let names = Command(
        "names", "prints the names of the profiles, one a line",
        examples: [Command.Example("async-kafka profiles names", "In a script")]
    ) { _ in
        for name in ProfileStore.standard.names { try StandardStream.output.writeLine(name) }
    }

    private static let add = Command(
        "add", aliases: ["create", "set"], "saves the cluster that the options name, under a name", takes: [Self.name],
        examples: [
            Command.Example(
                "async-kafka profiles add prod -b kafka.example:9093 --properties prod.properties", "A secured cluster")
        ]
    ) { arguments in
        let properties = try ClientProperties(ofConnectionOptions: arguments)
        guard properties["bootstrap.servers"] != nil else {
            throw UsageError("Name the cluster: --bootstrap-servers, or --properties with bootstrap.servers")
        }
        // The profile must be usable, apart from a password that is asked for when it is used.
        _ = try properties.configuration { _ in "password" }
        try ProfileStore.standard.save(properties, as: arguments[Self.name])
        try StandardStream.output.writeLine("\(arguments[Self.name]) saved")
    }

    private static let use = Command(
        "use", aliases: ["select"], "makes a profile the one that is used if none is named", takes: [Self.name],
        examples: [Command.Example("async-kafka profiles use prod", "From now on")]
    ) { arguments in
        try ProfileStore.standard.use(arguments[Self.name])
        try StandardStream.output.writeLine("\(arguments[Self.name]) is used from now on")
    }

    private static let remove = Command(
        "remove", aliases: ["delete", "rm"], "deletes a profile", takes: [Self.name],
        examples: [Command.Example("async-kafka profiles remove prod", "Forget it")]
    ) {
        arguments in
        try ProfileStore.standard.delete(arguments[Self.name])
        try StandardStream.output.writeLine("\(arguments[Self.name]) removed")
    }
}
