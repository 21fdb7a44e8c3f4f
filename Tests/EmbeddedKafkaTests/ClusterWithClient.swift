// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport

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
