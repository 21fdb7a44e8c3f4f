// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

/// Runs `body` with a cluster and a connection to its first broker.
func withCluster<Result>(
    _ configuration: EmbeddedKafka.Configuration = EmbeddedKafka.Configuration(),
    _ body: (EmbeddedKafka, RawClient) async throws -> Result
) async throws -> Result {
    try await EmbeddedKafka.withCluster(configuration) { kafka in
        let client = try await RawClient.connect(to: kafka.bootstrapServers[0])
        defer { client.close() }
        return try await body(kafka, client)
    }
}

/// Runs `body` with a cluster that has a topic "t" with two partitions, and a transactional producer.
func withProducer(
    _ version: Int = 2, _ configuration: EmbeddedKafka.Configuration = EmbeddedKafka.Configuration(),
    _ body: (EmbeddedKafka, TransactionRig) async throws -> Void
) async throws {
    var configuration = configuration
    configuration.transactionVersion = version
    try await withCluster(configuration) { kafka, client in
        try await kafka.createTopic("t", partitions: 2, replicationFactor: configuration.brokers)
        let rig = TransactionRig(client: client, version: version)
        #expect(try await rig.initialize() == .none)
        try await body(kafka, rig)
    }
}
