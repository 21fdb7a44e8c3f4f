// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The code of the articles about running a service and handling errors.

import AsyncKafka

// snippet: service
func runInvoicing(
    _ cluster: KafkaClientConfiguration, until stopped: @escaping @Sendable () async -> Void
) async throws {
    var reading = ConsumerConfiguration(cluster, groupID: "invoicing")
    reading.autoOffsetReset = .earliest
    reading.enableAutoCommit = false
    let consumer = try KafkaConsumer(reading)
    try consumer.subscribe(to: ["orders"])
    let producer = try KafkaProducer(ProducerConfiguration(cluster))

    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await producer.run() }
        group.addTask { try await consumer.run() }
        group.addTask {
            for try await batch in consumer.batches {
                for order in batch {
                    let invoice = ProducerRecord(topic: "invoices", key: order.key, value: order.value)
                    try await producer.enqueue(invoice)
                }
                try await producer.flush()  // What is committed has been written.
                try await consumer.commit()
            }
            producer.triggerGracefulShutdown()  // Nothing is written any more.
        }
        group.addTask {
            await stopped()
            consumer.triggerGracefulShutdown()
        }
        // Unlike `waitForAll`, this ends with the first error, and leaving the group then cancels the other tasks.
        for try await _ in group {}
    }
}
// snippet end

// snippet: scopes
func copy(_ cluster: KafkaClientConfiguration, _ reading: ConsumerConfiguration) async throws {
    try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
        try await KafkaConsumer.withConsumer(reading, subscribedTo: ["orders"]) { consumer in
            for try await batch in consumer.batches {
                for order in batch {
                    try await producer.enqueue(ProducerRecord(topic: "copies", key: order.key, value: order.value))
                }
                try await producer.flush()
                try await consumer.commit()
            }
        }
    }
}
// snippet end

func staticMember(_ cluster: KafkaClientConfiguration, podName: String) -> ConsumerConfiguration {
    // snippet: static-member
    var configuration = ConsumerConfiguration(cluster, groupID: "invoicing")
    configuration.groupInstanceID = podName  // of a StatefulSet: invoicing-0, invoicing-1, …
    configuration.groupProtocol = .classic(ClassicGroupProtocol(sessionTimeout: .seconds(120)))
    // snippet end
    return configuration
}

func closing(_ producing: inout ProducerConfiguration, _ reading: inout ConsumerConfiguration) {
    // snippet: closing
    reading.closeTimeout = .seconds(15)
    producing.closeTimeout = .seconds(10)
    // snippet end
}

func handle(_ batch: ConsumerRecordBatch) async {}

// snippet: surviving-loop
func read(_ consumer: KafkaConsumer) async throws(KafkaError) {
    while true {
        do throws(KafkaError) {
            for try await batch in consumer.batches {
                await handle(batch)
                try await consumer.commit()
            }
            return  // The consumer was shut down.
        } catch {
            switch error.code {
            case .commitFailed, .listenerFailed:
                print("reading goes on: \(error)")
            default:
                guard error.isRetriable, !error.isFatal else { throw error }
                print("reading goes on: \(error)")
            }
        }
    }
}
// snippet end

// snippet: typed-in-scope
func write(_ order: ProducerRecord, _ cluster: KafkaClientConfiguration) async throws {
    try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
        do throws(KafkaError) {
            _ = try await producer.send(order)
        } catch {
            guard error.code == .recordTooLarge else { throw error }
            print("left out: \(error)")
        }
    }
}
// snippet end

func checkScope(_ order: ProducerRecord, _ cluster: KafkaClientConfiguration) async throws {
    // snippet: untyped-around-scope
    do {
        try await write(order, cluster)
    } catch let error as KafkaError {
        print("Kafka: \(error)")
    }
    // snippet end
}
