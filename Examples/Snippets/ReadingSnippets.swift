// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The code of the articles about concurrency and delivery guarantees.

import AsyncKafka

func process(_ record: ConsumerRecord) async throws {}

// snippet: keyed-batches
func processByKey(_ batch: ConsumerRecordBatch) async throws {
    let byKey = Dictionary(grouping: batch, by: \.key)
    try await withThrowingTaskGroup(of: Void.self) { group in
        for records in byKey.values {
            group.addTask {
                for record in records { try await process(record) }
            }
        }
        for try await _ in group {}
    }
}
// snippet end

func readBatches(_ consumer: KafkaConsumer) async throws {
    // snippet: keyed-batches-use
    for try await batch in consumer.batches {
        try await processByKey(batch)
        try await consumer.commit()
    }
    // snippet end
}

func atMostOnce(_ consumer: KafkaConsumer) async throws {
    // snippet: at-most-once
    for try await batch in consumer.batches {
        try await consumer.commit()  // before the work
        await handle(batch)
    }
    // snippet end
}

func atLeastOnce(_ consumer: KafkaConsumer) async throws {
    // snippet: at-least-once
    for try await batch in consumer.batches {
        await handle(batch)
        try await consumer.commit()  // after the work
    }
    // snippet end
}
