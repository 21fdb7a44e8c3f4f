// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Why an order becomes a dead letter.
enum Unprocessable: String, Error, CaseIterable {
    case noValue = "no-value"
    case malformed = "malformed"
    case unknownItem = "unknown-item"
    case priceUnavailable = "price-unavailable"
    case tooLarge = "too-large"

    // snippet: dead-letter
    /// The record, with headers that say why it is a dead letter and where it comes from. Key, value and the other headers stay
    /// as they are, so that it can be written to its topic again.
    func deadLetter(_ record: ConsumerRecord, to topic: String) -> ProducerRecord {
        let reason = [
            RecordHeader("dead-letter.reason", self.rawValue),
            RecordHeader("dead-letter.topic", record.topic),
            RecordHeader("dead-letter.partition", "\(record.partition)"),
            RecordHeader("dead-letter.offset", "\(record.offset)"),
            RecordHeader("dead-letter.timestamp", "\(record.timestamp.millisecondsSince1970)"),
        ]
        // A record that was a dead letter before has the headers of its last failure only.
        let others = record.headers.filter { !$0.key.hasPrefix("dead-letter.") }
        return ProducerRecord(topic: topic, key: record.key, value: record.value, headers: others + reason)
    }
    // snippet end
}
