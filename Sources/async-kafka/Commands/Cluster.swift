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
        "cluster", aliases: ["brokers"], "describes the cluster, its quorum and its features",
        subcommands: [
            Self.describe, Self.quorum, Self.features, Self.updateFeature, Self.electLeaders, Self.unregister,
        ])

    private static let describe = Command(
        "describe", aliases: ["show", "list", "ls"], "describes the cluster and its brokers",
        examples: [Command.Example("async-kafka cluster describe -o json | jq -r .id", "The cluster's id")]
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

    private struct Voter {
        var replica: QuorumDescription.Replica
        var role: String
        var lag: Int64?
        var endpoints: [RaftVoterEndpoint]
    }

    private static let quorum = Command(
        "quorum", "shows who votes in the metadata quorum, and how far each is",
        examples: [Command.Example("async-kafka cluster quorum", "Who leads, and who is behind")]
    ) {
        arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let quorum = try await admin.describeMetadataQuorum()
            let all =
                quorum.voters.map { ($0, $0.id == quorum.leader ? "leader" : "follower") }
                + quorum.observers.map { ($0, "observer") }
            let voters = all.map { replica, role in
                Voter(
                    replica: replica, role: role, lag: quorum.lag(of: replica),
                    endpoints: quorum.nodes.first { $0.id == replica.id }?.endpoints ?? [])
            }
            try session.output.heading(quorum.description.split(separator: "\n").first.map(String.init) ?? "")
            try session.output.list(
                voters,
                [
                    Column("id") { JSONValue($0.replica.id) }, Column("role") { .text($0.role) },
                    Column("logEnd") { JSONValue($0.replica.logEndOffset) }, Column("lag") { JSONValue($0.lag) },
                    Column("lastFetch") { JSONValue($0.replica.lastFetchTime.map(Moment.text)) },
                    Column("lastCaughtUp") { JSONValue($0.replica.lastCaughtUpTime.map(Moment.text)) },
                    Column("directory") { JSONValue($0.replica.directoryID?.description) },
                    Column("endpoints") { .array($0.endpoints.map { .text($0.description) }) },
                ])
        }
    }

    private struct Feature {
        var name: String
        var level: Int16?
        var supported: ClosedRange<Int16>?
    }

    private static let features = Command(
        "features", "lists the features that the cluster has",
        examples: [Command.Example("async-kafka cluster features", "The levels in effect and those that are possible")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let features = try await admin.describeFeatures()
            let names = Set(features.supported.keys).union(features.finalized.keys).sorted()
            try session.output.list(
                names.map { name in
                    Feature(name: name, level: features.finalized[name], supported: features.supported[name])
                },
                [
                    Column("feature") { .text($0.name) }, Column("level") { JSONValue($0.level) },
                    Column("lowest") { JSONValue($0.supported?.lowerBound) },
                    Column("highest") { JSONValue($0.supported?.upperBound) },
                ])
        }
    }

    private static let feature = Operand("FEATURE", .text("FEATURE"), "The feature's name.")
    private static let level = Operand("LEVEL", .number("LEVEL", in: Int16(0)...Int16.max), "The new level.")
    private static let downgrade = Flag("--downgrade", "Allows a lower level, if nothing is lost by that.")
    private static let isUnsafe = Flag("--unsafe", "Allows a lower level, even if metadata is lost.")

    private static let updateFeature = Command(
        "update-feature", "changes the level of a feature",
        takes: [Self.feature, Self.level, Self.downgrade, Self.isUnsafe, Session.dryRun, Session.yes],
        examples: [
            Command.Example(
                "async-kafka cluster update-feature transaction.version 2 --dry-run", "Whether it could be done")
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let (name, level) = (arguments[Self.feature], arguments[Self.level])
            let update: FeatureUpdate =
                arguments[Self.isUnsafe]
                ? .unsafeDowngrade(to: level)
                : arguments[Self.downgrade] ? .downgrade(to: level) : .upgrade(to: level)
            let isDry = arguments[Session.dryRun]
            if !isDry { try session.confirm("Change \(name) to level \(level)?") }
            let results = await admin.updateFeatures([name: update], validateOnly: isDry)
            try session.output.results(of: results, "feature") { _, _ in
                isDry ? "could have level \(level)" : "has level \(level)"
            }
        }
    }

    private static let topics = Operands("TOPIC", .partitions, count: 1...Int.max, "TOPIC, or TOPIC:0,1.")
    private static let unclean = Flag(
        "--unclean", "Elects a replica that isn't in sync, if there is no other. Loses records.")

    private static let electLeaders = Command(
        "elect-leaders", aliases: ["elect"], "makes the preferred replicas leaders again",
        takes: [Self.topics, Self.unclean, Session.yes],
        examples: [Command.Example("async-kafka cluster elect-leaders orders", "After a broker has come back")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let partitions = try await arguments[Self.topics].partitions(admin)
            let isUnclean = arguments[Self.unclean]
            if isUnclean {
                try session.confirm("Elect leaders of \(partitions.count) partition(s) that may lack records?")
            }
            let results = await admin.electLeaders(isUnclean ? .unclean : .preferred, of: partitions)
            try session.output.results(of: results, "partition") { _, outcome in
                outcome == .notNeeded ? "has its leader already" : "has a new leader"
            }
        }
    }

    private static let broker = Operand("BROKER", .number("BROKER", in: 0...Int32.max), "The broker's id.")

    private static let unregister = Command(
        "unregister-broker", "makes the cluster forget a broker that has been shut down for good",
        takes: [Self.broker, Session.yes],
        examples: [Command.Example("async-kafka cluster unregister-broker 4", "A broker that is gone")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let broker = arguments[Self.broker]
            try session.confirm("Forget broker \(broker)?")
            try await admin.unregisterBroker(broker)
            try StandardStream.output.writeLine("\(broker) unregistered")
        }
    }
}
