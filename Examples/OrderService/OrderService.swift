// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads orders, looks up their prices, and writes them to another topic. What can't be processed goes to a topic for dead
/// letters. Orders with the same key keep their order, and each order is processed at least once.
struct OrderService: Sendable {
    static let orders = "orders"
    static let enrichedOrders = "enriched-orders"
    static let deadLetters = "orders.dead-letters"
    static let group = "order-service"

    let cluster: KafkaClientConfiguration
    let prices: PatientPrices
    let endpoint: Endpoint
    var status = Status()

    // snippet: order-service
    /// Runs until `stopped` returns, and then ends when the orders in work are done and committed.
    ///
    /// The scopes end from the inside out: first the work, then the consumer with its last commit, then the producer.
    func run(until stopped: @escaping @Sendable () async -> Void) async throws {
        let (topics, work) = ([Self.orders], KeyedProgress())
        try await KafkaProducer.withProducer(self.writing) { producer in
            try await KafkaConsumer.withConsumer(self.reading, subscribedTo: topics, listener: work) { consumer in
                async let _: Void = self.endpoint.run { self.answer($0, consumer, producer) }
                async let _: Void = {
                    await stopped()
                    consumer.triggerGracefulShutdown()
                }()
                try await work.process(consumer) { try await self.process($0, producer) }
            }
        }
    }
    // snippet end

    // snippet: order-service-settings
    private var reading: ConsumerConfiguration {
        var reading = ConsumerConfiguration(self.cluster, groupID: Self.group)
        reading.autoOffsetReset = .earliest
        reading.enableAutoCommit = false  // `KeyedProgress` commits.
        reading.closeTimeout = .seconds(15)
        return reading
    }

    private var writing: ProducerConfiguration {
        var writing = ProducerConfiguration(self.cluster)
        writing.linger = .zero  // Each order waits for the acknowledgement of its result.
        writing.closeTimeout = .seconds(10)
        return writing
    }
    // snippet end

    // MARK: - Orders

    // snippet: order-service-process
    /// Returns when the result of an order is stored, because the order counts as done then.
    ///
    /// All other errors end the service: what was done is committed, and the rest is read again when it is restarted.
    private func process(_ record: ConsumerRecord, _ producer: KafkaProducer) async throws {
        do {
            _ = try await producer.send(try await self.enrich(record))
            self.status.wasEnriched()
        } catch let reason as Unprocessable {
            try await self.giveUp(record, because: reason, producer)
        } catch let error as KafkaError where error.code == .recordTooLarge {
            try await self.giveUp(record, because: .tooLarge, producer)
        }
    }

    private func giveUp(_ record: ConsumerRecord, because reason: Unprocessable, _ producer: KafkaProducer) async throws
    {
        var letter = reason.deadLetter(record, to: Self.deadLetters)
        do {
            _ = try await producer.send(letter)
        } catch {
            guard error.code == .recordTooLarge else { throw error }
            // The headers that remain say where the record is.
            letter.value = nil
            letter.headers.removeAll { !$0.key.hasPrefix("dead-letter.") }
            _ = try await producer.send(letter)
        }
        self.status.becameDeadLetter(reason)
        self.log("An order became a dead letter", record, error: reason.rawValue)
    }
    // snippet end

    private func enrich(_ record: ConsumerRecord) async throws -> ProducerRecord {
        let order = try Order(record.value)
        let price = try await self.prices.price(of: order.item) { error in
            self.status.lookupFailed()
            self.log("A price could not be looked up", record, error: "\(error)")
        }
        self.status.lookupSucceeded()
        guard let price else { throw Unprocessable.unknownItem }
        let value = try EnrichedOrder(order, price: price).json
        // Those of an order that was a dead letter before are not true anymore.
        let headers = record.headers.filter { !$0.key.hasPrefix("dead-letter.") }
        return ProducerRecord(topic: Self.enrichedOrders, key: record.key, value: value, headers: headers)
    }

    private func log(_ message: String, _ record: ConsumerRecord, error: String) {
        guard self.cluster.log.isEnabled(.warning) else { return }
        self.cluster.log.log(
            .warning, message,
            metadata: [
                ("kafka.topic", record.topic), ("kafka.partition", "\(record.partition)"),
                ("kafka.offset", "\(record.offset)"), ("error", error),
            ])
    }

    // MARK: - Probes

    // snippet: order-service-probes
    private func answer(_ path: String, _ consumer: KafkaConsumer, _ producer: KafkaProducer) -> Endpoint.Answer {
        switch path {
        case "/live":
            return Endpoint.Answer(body: "alive\n")
        case "/health":
            var problems = [("consumer", consumer.health), ("producer", producer.health)]
                .filter { !$0.1.isReady }.map { "\($0.0): \($0.1)\n" }
            if !self.status.pricesAreAvailable { problems.append("prices: can't be looked up\n") }
            return problems.isEmpty
                ? Endpoint.Answer(body: "ready\n") : Endpoint.Answer(status: 503, body: problems.joined())
        case "/metrics":
            let clients = PrometheusText.render([consumer.statistics(), producer.statistics()])
            return Endpoint.Answer(contentType: PrometheusText.contentType, body: clients + self.status.metrics)
        default:
            return Endpoint.Answer(status: 404, body: "There are /live, /health and /metrics.\n")
        }
    }
    // snippet end
}
