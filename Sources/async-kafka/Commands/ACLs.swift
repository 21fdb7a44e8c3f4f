// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka acls`
enum ACLs {
    static let command = Command(
        "acls", aliases: ["acl"], "lists, creates and deletes access control entries",
        details: """
            A resource is written as topic:NAME, group:ID, transactional-id:ID, token:ID, user:PRINCIPAL or cluster. A name that ends \
            with * stands for all that begin so, and * alone for all.
            """,
        subcommands: [Self.list, Self.create, Self.delete])

    private static let resource = Option("--resource", short: "r", .resourcePattern, "The resource.")
    private static let principal = Option("--principal", .principal, "The principal, such as User:alice.")
    private static let operation = Option(
        "--operation", .aclOperation, isRepeatable: true, "read, write, create, describe, alter, all ...")
    private static let host = Option("--host", .text("HOST"), "The client's address. Default when creating: any.")
    private static let deny = Flag("--deny", "The entry denies. Default when creating: it allows.")
    private static let allow = Flag("--allow", "The entry allows.")

    private static let columns: [Column<ACLBinding>] = [
        Column("resource") { .text($0.resource.written) }, Column("principal") { .text($0.principal.description) },
        Column("permission") { .text($0.permission.description) },
        Column("operation") { .text($0.operation.description) }, Column("host") { .text($0.host) },
    ]

    private static let filterOptions: [any Declared] = [
        Self.resource, Self.principal, Self.operation, Self.host, Self.deny, Self.allow,
    ]

    private static let list = Command(
        "list", aliases: ["ls", "describe"], "lists the entries that have all that is named", takes: Self.filterOptions,
        examples: [Command.Example("async-kafka acls list -r topic:orders", "Entries with exactly this pattern")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            var found: Set<ACLBinding> = []
            for filter in try Self.filters(arguments) {
                found.formUnion(try await admin.describeACLs(matching: filter))
            }
            try session.output.list(found.sorted { $0.description < $1.description }, Self.columns)
        }
    }

    private static let create = Command(
        "create", aliases: ["add"], "creates entries", takes: Self.filterOptions,
        examples: [
            Command.Example(
                "async-kafka acls create -r 'topic:orders*' --principal User:alice --operation read --operation describe",
                "Alice may read all topics whose names begin with orders")
        ]
    ) { arguments in
        guard let resource = arguments[Self.resource] else { throw UsageError("--resource is missing") }
        guard let principal = arguments[Self.principal] else { throw UsageError("--principal is missing") }
        let operations = arguments[all: Self.operation]
        guard !operations.isEmpty else { throw UsageError("--operation is missing") }
        guard !(arguments[Self.deny] && arguments[Self.allow]) else { throw UsageError("An entry allows or denies") }
        let bindings = operations.map { operation in
            ACLBinding(
                arguments[Self.deny] ? .deny : .allow, principal, operation, on: resource,
                from: arguments[Self.host] ?? "*")
        }
        try await Session.withAdmin(arguments) { session, admin in
            try session.output.results(of: await admin.createACLs(bindings), "entry") { _, _ in "created" }
        }
    }

    private static let delete = Command(
        "delete", aliases: ["rm", "remove"], "deletes the entries that have all that is named",
        takes: Self.filterOptions + [Session.yes, Session.dryRun],
        examples: [Command.Example("async-kafka acls delete --principal User:alice --dry-run", "What would be deleted")]
    ) { arguments in
        let filters = try Self.filters(arguments)
        guard filters != [.all] else { throw UsageError("Name what to delete: --resource, --principal ...") }
        try await Session.withAdmin(arguments) { session, admin in
            var found: Set<ACLBinding> = []
            for filter in filters { found.formUnion(try await admin.describeACLs(matching: filter)) }
            try session.output.list(found.sorted { $0.description < $1.description }, Self.columns)
            guard !arguments[Session.dryRun], !found.isEmpty else { return }
            try session.confirm("Delete \(found.count) entries?")
            // Only what was shown is deleted, even if there is more by now.
            let results = await admin.deleteACLs(matching: found.map { ACLBindingFilter($0) })
            try session.output.failures(of: results)
            StandardStream.complain("\(found.count) deleted")
        }
    }

    /// A filter for each operation.
    private static func filters(_ arguments: Arguments) throws(UsageError) -> [ACLBindingFilter] {
        guard !(arguments[Self.deny] && arguments[Self.allow]) else { throw UsageError("An entry allows or denies") }
        let resource = arguments[Self.resource]
        let name = resource.map { resource -> ACLBindingFilter.Name in
            resource.comparison == .prefixed ? .prefixed(resource.name) : .literal(resource.name)
        }
        let permission: ACLBinding.Permission? = arguments[Self.deny] ? .deny : arguments[Self.allow] ? .allow : nil
        let operations = arguments[all: Self.operation].map { $0 as ACLOperation? }
        return (operations.isEmpty ? [nil] : operations).map { operation in
            ACLBindingFilter(
                resource?.kind, name, principal: arguments[Self.principal], host: arguments[Self.host],
                operation: operation, permission: permission)
        }
    }
}

extension ResourcePattern {
    private static let kinds: [(String, Kind)] = [
        ("topic", .topic), ("group", .group), ("transactional-id", .transactionalID), ("token", .delegationToken),
        ("user", .user),
    ]

    /// The pattern as it is written on the command line.
    var written: String {
        if self == .cluster { return "cluster" }
        let kind = Self.kinds.first { $0.1 == self.kind }?.0 ?? "\(self.kind)"
        return "\(kind):\(self.name)\(self.comparison == .prefixed ? "*" : "")"
    }

    init?(written text: String) {
        if text == "cluster" {
            self = .cluster
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let kind = Self.kinds.first(where: { $0.0 == parts[0] })?.1 else { return nil }
        let isPrefix = parts[1].count > 1 && parts[1].hasSuffix("*")
        self.init(kind, isPrefix ? String(parts[1].dropLast()) : parts[1], isPrefix ? .prefixed : .literal)
    }
}

extension ValueKind where Value == ResourcePattern {
    fileprivate static var resourcePattern: ValueKind {
        ValueKind("RESOURCE") { text throws(UsageError) in
            guard let pattern = ResourcePattern(written: text) else {
                throw UsageError(
                    "it must be written as topic:NAME, group:ID, transactional-id:ID, token:ID, user:PRINCIPAL or cluster"
                )
            }
            return pattern
        }
    }
}

extension ValueKind where Value == ACLOperation {
    fileprivate static var aclOperation: ValueKind {
        let operations: [ACLOperation] = [
            .read, .write, .create, .delete, .alter, .describe, .all, .describeConfigs, .alterConfigs, .clusterAction,
            .idempotentWrite, .createTokens, .describeTokens, .twoPhaseCommit,
        ]
        let words = operations.map { ($0.description.lowercased().replacingAll("_", with: "-"), $0) }
        return ValueKind("OPERATION", completion: .words(words.map(\.0))) { text throws(UsageError) in
            let word = text.lowercased().replacingAll("_", with: "-")
            guard let operation = words.first(where: { $0.0 == word })?.1 else {
                throw UsageError("it must be one of \(words.map(\.0).joined(separator: ", "))")
            }
            return operation
        }
    }
}
