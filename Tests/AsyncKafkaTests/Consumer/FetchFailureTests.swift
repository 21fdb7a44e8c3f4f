// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A consumer whose fetches fail does not stand still in silence.
@Suite(.timeLimit(.minutes(1))) struct FetchFailureTests {
    @Test(arguments: [EmbeddedKafka.Fault.closeBeforeWork, .garbage])
    func fetchesThatGoOnFailingAreToldOnceAndSoIsTheirEnd(fault: EmbeddedKafka.Fault) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = KeptLog()
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            let failing = kafka.inject(fault, on: .fetch, times: nil)
            let partition = TopicPartition("t", 0)
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                await log.until(.warning, containing: "can't be fetched")
                failing.remove()
                try await kafka.fill("t", 1)
                for try await _ in consumer.records { break }
                await log.until(.info, containing: "fetched again")
            }
            #expect(log.lines(.warning).count == 1, "\(log.lines)")
        }
    }

    @Test func failuresThatEndSoonAreNotTold() {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        var report = FailureReport(patience: .seconds(3))
        var told = [0, 1, 2].map { report.failed(now: start + .seconds($0)) }
        told.append(report.succeeded() ? 1 : nil)
        #expect(told == [nil, nil, nil, nil])
        told = [4, 6, 7, 8, 66, 67].map { report.failed(now: start + .seconds($0)) }
        #expect(told == [nil, nil, 6, nil, nil, 3])
        let isOver = [report.succeeded(), report.succeeded()]
        #expect(isOver == [true, false])
    }
}
