// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import struct order_service.OrderService

/// The built program, as a user runs it.
@Suite(.timeLimit(.minutes(1)))
struct ProcessTests {
    @Test func sigtermEndsTheProgramWithEverythingCommitted() async throws {
        try await Stage.run { stage in
            let program = try await OrderServiceProgram(on: stage.kafka.bootstrapServers)
            try await stage.write((0..<200).map { stage.order("tea", key: Bytes("customer-\($0)")) })
            _ = try await stage.enriched(200)
            try await program.untilHealth(200)
            await program.process.stop()
            #expect(program.process.status == 0, "\(program.process.errors)")
            #expect(try await stage.kafka.records(of: OrderService.enrichedOrders).count == 200)
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func withoutAClusterItRunsOnItsOwnBrokerAndLogsLinesOfJSON() async throws {
        let program = try await OrderServiceProgram(on: nil)
        try await program.untilMetric("orders_enriched_total", isAtLeast: 5)
        try await program.untilMetric(#"orders_dead_letters_total{reason="unknown-item"}"#, isAtLeast: 1)
        await program.process.stop()
        #expect(program.process.status == 0, "\(program.process.errors)")
        let lines = try program.process.errors.split(separator: "\n").map { line in
            try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        }
        let letter = lines.first { $0["message"] == "An order became a dead letter" }
        #expect(letter?["level"] == "warning" && letter?["kafka.topic"] == "orders")
        #expect(letter?["error"] == "unknown-item" && letter?["time"] != nil)
        // The invented order in work may fail after it.
        #expect(lines.contains { $0["message"] == "The service has ended" })
    }

    @Test func aWrongPropertiesFileEndsTheProgramWithAReason() async throws {
        let file = TemporaryFolder.path("nothing.properties").path
        let program = try ChildProcess(
            "order-service",
            [
                "/usr/bin/env", "ADDRESS=127.0.0.1", "PORT=0", "BOOTSTRAP_SERVERS=127.0.0.1:1",
                "KAFKA_PROPERTIES=\(file)",
                BuiltProgram.path("order-service"),
            ],
            output: .lines(errors: TemporaryFolder.path("order-service")))
        #expect(await program.ended() == 1)
        #expect(program.errors.contains("The service has failed") && program.errors.contains("nothing.properties"))
    }
}
