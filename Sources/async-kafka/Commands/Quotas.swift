// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka quotas`
enum Quotas {
    static let command = Command(
        "quotas", aliases: ["quota"], "lists and changes quotas of users, clients and addresses",
        details: """
            A quota is for a user, a client id, both, or an IP address. `default` stands for all that have none of their own. The \
            quotas are producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate and, of an address, \
            connection_creation_rate.
            """,
        subcommands: [Self.list, Self.alter])

    private static let user = Option("--user", .text("NAME"), "The user, or default.")
    private static let client = Option("--client", .text("ID"), "The client id, or default.")
    private static let ip = Option("--ip", .text("ADDRESS"), "The address, or default.")
    private static let set = Option(
        "--set-quota", short: "s", .pair("QUOTA=NUMBER"), isRepeatable: true,
        "Sets a quota, such as producer_byte_rate=1048576.")
    private static let unset = Option("--delete", short: "d", .text("QUOTA"), isRepeatable: true, "Removes a quota.")

    private struct Row {
        var entity: ClientQuotaEntity
        var quota: ClientQuota
        var value: Double

        func name(_ kind: ClientQuotaEntity.Kind) -> JSONValue { JSONValue(self.entity.parts[kind]?.description) }
    }

    private static let list = Command(
        "list", aliases: ["ls", "describe"], "lists quotas", takes: [Self.user, Self.client, Self.ip],
        examples: [Command.Example("async-kafka quotas list --user alice", "Those of one user")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            func condition(_ option: Option<String>) -> ClientQuotaFilter.Condition? {
                arguments[option].map { $0 == "default" ? .default : .named($0) }
            }
            let quotas = try await admin.describeClientQuotas(
                matching: ClientQuotaFilter(
                    user: condition(Self.user), clientID: condition(Self.client), ip: condition(Self.ip)))
            let rows = quotas.flatMap { entity, quotas in
                quotas.map { Row(entity: entity, quota: $0.key, value: $0.value) }
            }
            try session.output.list(
                rows.sorted { ($0.entity.description, $0.quota.rawValue) < ($1.entity.description, $1.quota.rawValue) },
                [
                    Column("user") { $0.name(.user) }, Column("client") { $0.name(.clientID) },
                    Column("ip") { $0.name(.ip) },
                    Column("quota") { .text($0.quota.rawValue) }, Column("value") { .number($0.value) },
                ])
        }
    }

    private static let alter = Command(
        "alter", aliases: ["set", "change"], "sets and removes quotas",
        takes: [Self.user, Self.client, Self.ip, Self.set, Self.unset, Session.dryRun],
        examples: [
            Command.Example("async-kafka quotas alter --user alice -s producer_byte_rate=1048576", "1 MiB a second")
        ]
    ) { arguments in
        var parts: [ClientQuotaEntity.Kind: ClientQuotaEntity.Name] = [:]
        for (kind, option) in [(ClientQuotaEntity.Kind.user, Self.user), (.clientID, Self.client), (.ip, Self.ip)] {
            parts[kind] = arguments[option].map { $0 == "default" ? .default : .named($0) }
        }
        guard !parts.isEmpty else { throw UsageError("Name whose quota it is: --user, --client or --ip") }
        let changes = try Self.changes(arguments)
        try await Session.withAdmin(arguments) { session, admin in
            let isDry = arguments[Session.dryRun]
            let results = await admin.alterClientQuotas([ClientQuotaEntity(parts): changes], validateOnly: isDry)
            try session.output.results(of: results, "entity") { _, _ in isDry ? "could be changed" : "changed" }
        }
    }

    private static func changes(_ arguments: Arguments) throws(UsageError) -> [ClientQuotaChange] {
        var changes: [ClientQuotaChange] = arguments[all: Self.unset].map { .remove(ClientQuota(rawValue: $0)) }
        for pair in arguments[all: Self.set] {
            guard let value = Double(pair.value), value.isFinite else {
                throw UsageError("--set-quota \(pair.name): \"\(pair.value)\" is no number")
            }
            changes.append(.set(ClientQuota(rawValue: pair.name), to: value))
        }
        guard !changes.isEmpty else { throw UsageError("Name a change: --set-quota or --delete") }
        return changes
    }
}
