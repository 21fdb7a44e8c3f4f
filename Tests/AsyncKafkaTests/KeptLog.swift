// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// A log that keeps events and lets tests wait for them.
final class KeptLog: KafkaLog {
    struct Event: Sendable {
        let level: KafkaLogLevel
        let message: String
        let metadata: [(key: String, value: String)]

        subscript(_ key: String) -> String? { self.metadata.first { $0.key == key }?.value }

        /// The event as `message key=value …`.
        var line: String { self.message + self.metadata.map { " \($0.key)=\($0.value)" }.joined() }
    }

    private let minimum: KafkaLogLevel
    private let kept = Lock<[Event]>([])
    /// The events as `level: message key=value …`.
    private let told = EventLog()

    /// Creates a log.
    ///
    /// - Parameter minimum: The lowest level that is kept.
    init(minimum: KafkaLogLevel = .info) {
        self.minimum = minimum
    }

    var events: [Event] { self.kept.withLock { $0 } }

    /// The events as `level: message key=value …`.
    var lines: [String] { self.events.map { "\($0.level): \($0.line)" } }

    /// The events of a level, without the level.
    func lines(_ level: KafkaLogLevel) -> [String] {
        self.events.filter { $0.level == level }.map(\.line)
    }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let event = Event(level: level, message: message, metadata: metadata)
        self.kept.withLock { $0.append(event) }
        self.told.add("\(level): \(event.line)")
    }

    func count(_ level: KafkaLogLevel, containing text: String) -> Int {
        self.lines(level).count { $0.contains(text) }
    }

    /// The number of messages, at any level, that begin with `text`.
    func count(beginning text: String) -> Int {
        self.events.count { $0.message.hasPrefix(text) }
    }

    /// Waits until a line of a level contains `text`. The test's time limit ends a wait without success.
    func until(_ level: KafkaLogLevel, containing text: String) async {
        await self.told.until { lines in
            lines.contains { $0.hasPrefix("\(level):") && $0.contains(text) }
        }
    }
}
