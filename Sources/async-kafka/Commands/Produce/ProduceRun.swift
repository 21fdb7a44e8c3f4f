// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

extension Produce {
    /// How the reading of the input has ended.
    private struct Feed: Sendable {
        var counter = DeliveryCounter()
        var error: (any Error)?
    }

    /// Writes all records, and says how many of them the brokers have.
    func run() async throws {
        let feed = try await KafkaProducer.withProducer(self.configuration) { producer in
            await Interrupt.cancels {
                let feed = await self.feed(producer)
                // Unstructured, so that what was sent is counted also after Ctrl-C.
                return await Task {
                    var feed = feed
                    await feed.counter.finish()
                    return feed
                }.value
            }
        }
        StandardStream.complain(feed.counter.summary(topic: self.pattern.topic))
        if let error = feed.error ?? feed.counter.firstError { throw error }
    }

    private func feed(_ producer: KafkaProducer) async -> Feed {
        var feed = Feed()
        do {
            switch self.source {
            case .values(let values):
                for value in values {
                    var record = self.pattern
                    record.value = value
                    try await feed.counter.add(try await producer.enqueue(record))
                }
            case .stream(let format, let path):
                let stop = try StopSignal()
                try await withTaskCancellationHandler {
                    let input = try ByteInput(path, stop: stop)
                    var reader = RecordReader(format, self.pattern, delimiter: self.delimiter, input)
                    while let record = try reader.next() {
                        try await feed.counter.add(try await producer.enqueue(record))
                    }
                } onCancel: {
                    stop.request()
                }
            }
            try Task.checkCancellation()
        } catch {
            feed.error = error
        }
        return feed
    }
}
