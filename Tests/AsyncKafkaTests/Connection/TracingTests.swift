// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct TracingTests {
    /// Returns the log of a producer that writes one record.
    private func log(
        from minimum: KafkaLogLevel, _ change: (inout ProducerConfiguration) -> Void = { _ in }
    ) async throws -> KeptLog {
        let log = KeptLog(minimum: minimum)
        try await EmbeddedKafka.withBroker { kafka in
            var producing = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
            producing.cluster.log = log
            change(&producing)
            try await KafkaProducer.withProducer(producing) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
            }
        }
        return log
    }

    @Test func requestsAndAnswersAreLoggedAtTrace() async throws {
        let log = try await self.log(from: .trace)
        let requests = log.events.filter { $0.level == .trace && $0.message == "Request" }
        let answers = log.events.filter { $0.level == .trace && $0.message == "Answer" }
        for api in ["apiVersions", "metadata", "initProducerId", "produce"] {
            let request = requests.first { $0["kafka.api"]?.lowercased() == api.lowercased() }
            let answer = answers.first { $0["kafka.api"]?.lowercased() == api.lowercased() }
            try #require(request != nil && answer != nil, "\(api): \(requests.map(\.metadata))")
            for event in [request, answer] {
                #expect(event?["kafka.api.version"].flatMap { Int($0) } != nil)
                #expect(event?["size"].flatMap { Int($0) } ?? 0 > 4)
                #expect(event?["kafka.broker"]?.hasPrefix("127.0.0.1:") == true)
            }
            #expect(answer?["duration"]?.hasSuffix(" seconds") == true)
        }
        #expect(requests.count >= answers.count && answers.count >= 4)
    }

    @Test func requestsWithoutAnswersAreLoggedToo() async throws {
        let log = try await self.log(from: .trace) {
            $0.acks = .none
            $0.enableIdempotence = false
        }
        let traced = log.events.filter { $0.level == .trace && $0["kafka.api"] == "Produce" }
        #expect(traced.map(\.message) == ["Request"], "\(log.lines(.trace))")
    }

    @Test func nothingIsCreatedForALogWithoutTraces() async throws {
        let computed = Lock(0)
        let logger = Logger(KeptLog(minimum: .debug))
        logger(.trace, "Request", [(.size, "\(computed.withLock { $0 += 1 })")])
        #expect(computed.withLock { $0 } == 0)
        let log = try await self.log(from: .debug)
        #expect(!log.events.isEmpty && log.events.allSatisfy { $0.level > .trace })
    }
}
