// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import struct order_service.EnrichedOrder
@testable import struct order_service.OrderService
@testable import class order_service.Status

@Suite(.timeLimit(.minutes(1)))
struct OrderServiceTests {
    @Test func anOrderIsWrittenWithItsPriceUnderItsKeyAndWithItsHeaders() async throws {
        try await Stage.run { stage in
            stage.prices.add(.price(250), for: "tea")
            try await stage.withService { _ in
                let trace = RecordHeader("traceparent", "00-1-2-01")
                try await stage.write([stage.order("tea", quantity: 3, headers: [trace])])
                let enriched = try await stage.enriched(1)
                #expect(enriched == [EnrichedOrder(item: "tea", quantity: 3, price: 250, total: 750)])
                let record = try await stage.kafka.records(of: OrderService.enrichedOrders)[0]
                #expect(record.key == "anna" && record.headers == [trace])
            }
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func whatIsNoOrderBecomesADeadLetterThatSaysWhyAndFromWhereAndTheOthersGoOn() async throws {
        try await Stage.run { stage in
            stage.prices.add(.price(nil), for: "unicorn")
            stage.prices.add(.price(.max), for: "gold")
            let nothing: Bytes? = nil
            let poison: [ProducerRecord] = [
                ProducerRecord(topic: OrderService.orders, key: "anna", value: nothing),
                ProducerRecord(topic: OrderService.orders, key: "anna", value: "two teas, please"),
                stage.order("tea", quantity: 0), stage.order("unicorn"), stage.order("gold", quantity: 2),
            ]
            try await stage.write(poison + [stage.order("tea")])
            try await stage.withService { service in
                #expect(try await stage.enriched(1).map(\.item) == ["tea"])
                let metrics = try await service.get("/metrics")
                #expect(metrics.metric(#"orders_dead_letters_total{reason="malformed"}"#) == 3)
                #expect(try await service.get("/health").status == 200)
            }
            let letters = try await stage.kafka.records(of: OrderService.deadLetters)
            #expect(
                letters.map { $0["dead-letter.reason"] }
                    == ["no-value", "malformed", "malformed", "unknown-item", "malformed"])
            #expect(letters.map(\.value) == poison.map(\.value) && letters.allSatisfy { $0.key == "anna" })
            let origins = try await stage.kafka.records(of: OrderService.orders).prefix(5)
            for (letter, origin) in zip(letters, origins) {
                #expect(letter["dead-letter.topic"] == "orders")
                #expect(letter["dead-letter.partition"] == "\(origin.partition)")
                #expect(letter["dead-letter.offset"] == "\(origin.offset)")
                #expect(letter["dead-letter.timestamp"] == "\(origin.timestamp)")
            }
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func aDeadLetterThatIsWrittenToItsTopicAgainHasTheHeadersOfItsLastFailureOnly() async throws {
        try await Stage.run { stage in
            let old = [RecordHeader("dead-letter.reason", "unknown-item"), RecordHeader("trace", "1")]
            stage.prices.add(.failure, .failure, .failure, for: "tea")
            try await stage.write([stage.order("tea", headers: old)])
            try await stage.withService { _ in
                let letter = try await stage.kafka.waitForRecords(1, in: OrderService.deadLetters)[0]
                #expect(letter.headers.filter { $0.key == "dead-letter.reason" }.count == 1)
                #expect(letter["dead-letter.reason"] == "price-unavailable" && letter["trace"] == "1")
            }
        }
    }

    @Test func anOrderWhoseResultIsTooLargeBecomesADeadLetterWithoutItsValue() async throws {
        try await Stage.run { stage in
            let item = String(repeating: "x", count: 1_100_000)
            try await stage.write([stage.order(item), stage.order("tea")])
            try await stage.withService { _ in
                #expect(try await stage.enriched(1).map(\.item) == ["tea"])
                let letter = try await stage.kafka.waitForRecords(1, in: OrderService.deadLetters)[0]
                #expect(letter["dead-letter.reason"] == "too-large" && letter["dead-letter.offset"] == "0")
                #expect(letter.value == nil)
            }
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func aDeadLetterThatIsTooLargeIsWrittenWithoutItsValueAndOtherHeaders() async throws {
        try await Stage.run { stage in
            let large = String(repeating: "x", count: 1_100_000)
            let headers = (0..<50).map { RecordHeader("h\($0)", String(repeating: "y", count: 900)) }
            try await stage.write([
                ProducerRecord(topic: OrderService.orders, key: "anna", value: large, headers: headers),
                stage.order("tea"),
            ])
            try await stage.withService { _ in
                #expect(try await stage.enriched(1).map(\.item) == ["tea"])
                let letter = try await stage.kafka.waitForRecords(1, in: OrderService.deadLetters)[0]
                #expect(letter["dead-letter.reason"] == "malformed" && letter["dead-letter.offset"] == "0")
                #expect(letter.value == nil && letter.headers.count == 5)
            }
            try await stage.expectAllIsCommitted()
        }
    }

    // MARK: Prices

    @Test func aLookupThatFailsIsTriedAgainAndTheServiceIsDegradedMeanwhile() async throws {
        try await Stage.run { stage in
            stage.prices.add(.failure, .failure, for: "tea")
            let gate = stage.prices.hold("tea")
            try await stage.withService { service in
                try await stage.write([stage.order("tea"), stage.order("coffee")])
                await gate.untilReached()
                let degraded = try await service.get("/health")
                #expect(degraded.status == 503 && degraded.body.hasSuffix("prices: can't be looked up\n"))
                #expect(try await service.get("/live").status == 200)
                gate.open()
                #expect(try await stage.enriched(2).map(\.item) == ["tea", "coffee"])
                let ready = try await service.get("/health")
                #expect(ready.status == 200 && ready.body == "ready\n")
                #expect(try await service.get("/metrics").metric("orders_failed_lookups_total") == 2)
            }
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func aSourceThatDoesNotAnswerCostsAnOrderItsPriceButDoesNotHoldUpTheOthers() async throws {
        try await Stage.run { stage in
            stage.prices.add(.silence, .silence, .silence, for: "tea")
            try await stage.write([stage.order("tea"), stage.order("coffee")])
            try await stage.withService(timeout: .milliseconds(20)) { _ in
                let items = try await stage.enriched(1).map(\.item)
                #expect(items == ["coffee"])
            }
            let letters = try await stage.kafka.records(of: OrderService.deadLetters)
            #expect(letters.map { $0["dead-letter.reason"] } == ["price-unavailable"])
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func aFailureThatNoLookupFollowsIsForgotten() {
        let (remembering, forgetting) = (Status(tolerance: .zero), Status(tolerance: .zero, memory: .zero))
        for status in [remembering, forgetting] { status.lookupFailed() }
        #expect(!remembering.pricesAreAvailable && forgetting.pricesAreAvailable)
    }

    // MARK: Ends

    @Test func aShutdownWaitsForTheOrderInWorkAndTheNextServiceGoesOnBehindIt() async throws {
        try await Stage.run { stage in
            let gate = stage.prices.hold("slow")
            let others = (0..<30).map { stage.order("tea \($0)", key: Bytes("customer-\($0)")) }
            try await stage.write(others)
            try await stage.withService { service in
                _ = try await stage.enriched(others.count)
                // The last one has the same key, so that it waits for the one before it.
                try await stage.write([stage.order("slow"), stage.order("last")])
                await gate.untilReached()
                service.terminate()
                try await eventually("the consumer is closing") {
                    try await service.get("/health").body.contains("consumer: ")
                }
                gate.open()
            }
            let first = try await stage.enriched(1).map(\.item)
            #expect(first.contains("slow"))
            try await stage.expectAllIsCommitted(but: first.contains("last") ? 0 : 1)
            try await stage.withService { _ in _ = try await stage.enriched(32) }
            let all = try await stage.enriched(32).map(\.item)
            #expect(all.sorted() == (others.indices.map { "tea \($0)" } + ["slow", "last"]).sorted())
            let annas = try await stage.kafka.records(of: OrderService.enrichedOrders).filter { $0.key == "anna" }
            #expect(annas.count == 2)
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func aFailureThatSomebodyHasToMendEndsTheServiceAndTheNextOneLosesNothing() async throws {
        try await Stage.run { stage in
            try await stage.write((0..<30).map { stage.order("tea \($0)", key: Bytes("customer-\($0)")) })
            let fault = stage.kafka.inject(.fail(.topicAuthorizationFailed), on: .produce, times: nil)
            await #expect(throws: KafkaError.self) {
                try await stage.withService { service in await service.untilEnded() }
            }
            #expect(fault.hits > 0)
            fault.remove()
            try await stage.withService { _ in
                let items = Set(try await stage.enriched(30).map(\.item))
                #expect(items == Set((0..<30).map { "tea \($0)" }))
            }
            try await stage.expectAllIsCommitted()
        }
    }

    @Test func whileTheBrokerIsDownTheServiceIsDegradedAndThenGoesOnWithoutALoss() async throws {
        try await Stage.run { stage in
            let gate = stage.prices.hold("slow")
            try await stage.withService { service in
                try await stage.write(
                    (0..<20).map { stage.order("tea \($0)", key: Bytes("customer-\($0)")) } + [stage.order("slow")])
                await gate.untilReached()
                try await stage.kafka.stopBroker(stage.kafka.brokerIDs[0])
                gate.open()
                try await eventually("the service is degraded") {
                    let health = try await service.get("/health")
                    return health.status == 503 && health.body.contains("consumer: ")
                        && health.body.contains("producer: ")
                }
                try await stage.kafka.startBroker(stage.kafka.brokerIDs[0])
                try await eventually("the service is ready") { try await service.get("/health").status == 200 }
                let items = Set(try await stage.enriched(21).map(\.item))
                #expect(items == Set((0..<20).map { "tea \($0)" } + ["slow"]))
            }
            #expect(try await stage.kafka.records(of: OrderService.deadLetters).isEmpty)
            try await stage.expectAllIsCommitted()
        }
    }
}

extension EmbeddedKafka.Record {
    /// The text of a header.
    subscript(header: String) -> String? {
        self.headers.first { $0.key == header }.flatMap { String($0.value) }
    }
}
