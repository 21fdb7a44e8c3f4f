// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The calls about quotas, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct ClientQuotasTests {
    @Test func quotasAreDescribedByEntity() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeClientQuotasRequest.self) { request, _ in
                var response = DescribeClientQuotasResponse()
                let sent = request.components.map { "\($0.entityType) \($0.matchType) \($0.match ?? "nil")" }.sorted()
                guard sent == ["client-id 1 nil", "ip 2 nil", "user 0 alice"], request.strict else {
                    response.errorCode = .invalidRequest
                    return response
                }
                var parts = [DescribeClientQuotasResponse.EntityData()]
                parts[0].entityType = "client-id"
                parts[0].entityName = nil
                parts.append(DescribeClientQuotasResponse.EntityData())
                parts[1].entityType = "user"
                parts[1].entityName = "alice"
                var value = DescribeClientQuotasResponse.ValueData()
                value.key = "producer_byte_rate"
                value.value = 1024
                var entry = DescribeClientQuotasResponse.EntryData()
                entry.entity = parts
                entry.values = [value]
                response.entries = [entry]
                return response
            }
        ) { _, admin in
            let filter = ClientQuotaFilter(user: "alice", clientID: .default, ip: .any, allowsOtherParts: false)
            let quotas = try await admin.describeClientQuotas(matching: filter)
            #expect(quotas == [.user("alice", clientID: .default): [.producerByteRate: 1024]])
            #expect(quotas.keys.first.map { "\($0)" } == "user alice, client-id (default)")
        }
    }

    @Test func quotasAreSetAndRemovedEachEntityWithItsResult() async throws {
        let changes: [ClientQuotaEntity: [ClientQuotaChange]] = [
            .user("alice"): [.set(.producerByteRate, to: 1.5), .remove(.requestPercentage)],
            .ip(.default): [.set(.connectionCreationRate, to: 0)],
        ]
        try await AnsweringBrokers.withAdmin(
            .to(AlterClientQuotasRequest.self) { request, _ in
                var response = AlterClientQuotasResponse()
                response.entries = request.entries.map { entry in
                    var answer = AlterClientQuotasResponse.EntryData()
                    answer.entity = entry.entity.map { part in
                        var data = AlterClientQuotasResponse.EntityData()
                        data.entityType = part.entityType
                        data.entityName = part.entityName
                        return data
                    }
                    let sent = entry.ops.map { "\($0.key) \($0.remove ? "removed" : "\($0.value)")" }
                    if sent != ["producer_byte_rate 1.5", "request_percentage removed"] {
                        answer.errorCode = .invalidRequest
                        answer.errorMessage = "\(sent)"
                    }
                    return answer
                }
                if !request.validateOnly { response.entries = [] }
                return response
            }
        ) { _, admin in
            let results = await admin.alterClientQuotas(changes, validateOnly: true)
            #expect(results.count == 2)
            #expect(throws: Never.self) { try results[.user("alice")]?.get() }
            let error = #expect(throws: KafkaError.self) { try results[.ip(.default)]?.get() }
            #expect(error?.message.contains("connection_creation_rate 0.0") == true)
            #expect(error?.message.contains("ip (default)") == true)
        }
    }

    @Test func aBrokerWithoutQuotasByClientsIsAnErrorThatNamesTheRelease() async throws {
        try await AnsweringBrokers.withAdmin { _, admin in
            let error = await #expect(throws: KafkaError.self) { try await admin.describeClientQuotas() }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("Kafka 2.6") == true)
        }
    }
}
