// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// Keeps what clients say.
final class ToldLog: KafkaLog {
    struct Event: Sendable {
        let level: KafkaLogLevel
        let message: String
        let metadata: [String: String]
    }

    private let minimum: KafkaLogLevel
    private let kept = Lock<[Event]>([])

    init(minimum: KafkaLogLevel = .trace) {
        self.minimum = minimum
    }

    var events: [Event] { self.kept.withLock { $0 } }

    /// Events of a level, as lines.
    func lines(_ level: KafkaLogLevel) -> [String] {
        self.events.filter { $0.level == level }.map { "\($0.message) \($0.metadata)" }
    }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let event = Event(
            level: level, message: message, metadata: Dictionary(metadata.map { ($0.key, $0.value) }) { $1 })
        self.kept.withLock { $0.append(event) }
    }
}
