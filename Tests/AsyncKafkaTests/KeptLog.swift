// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// Keeps what clients say, and lets tests wait for it.
final class KeptLog: KafkaLog {
    struct Event: Sendable {
        let level: KafkaLogLevel
        let message: String
        let metadata: [(key: String, value: String)]

        subscript(_ key: String) -> String? { self.metadata.first { $0.key == key }?.value }

        /// `message key=value …`
        var line: String { self.message + self.metadata.map { " \($0.key)=\($0.value)" }.joined() }
    }

    private let minimum: KafkaLogLevel
    private let kept = Lock<[Event]>([])
    /// `level: message key=value …`
    private let told = EventLog()

    /// - Parameter minimum: the lowest level that is kept.
    init(minimum: KafkaLogLevel = .info) {
        self.minimum = minimum
    }

    var events: [Event] { self.kept.withLock { $0 } }

    /// `level: message key=value …`
    var lines: [String] { self.events.map { "\($0.level): \($0.line)" } }

    /// Those of a level, without it.
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

    /// How many messages begin with a text, at any level.
    func count(beginning text: String) -> Int {
        self.events.count { $0.message.hasPrefix(text) }
    }

    /// Waits until a line of a level has a text in it. The test's time limit ends a wait that is in vain.
    func until(_ level: KafkaLogLevel, containing text: String) async {
        await self.told.until { lines in
            lines.contains { $0.hasPrefix("\(level):") && $0.contains(text) }
        }
    }
}
