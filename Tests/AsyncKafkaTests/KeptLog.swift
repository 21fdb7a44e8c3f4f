// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// Keeps what a client says, and lets tests wait for it.
final class KeptLog: KafkaLog {
    private let minimum: KafkaLogLevel
    private let events = EventLog()

    init(minimum: KafkaLogLevel = .info) {
        self.minimum = minimum
    }

    /// `level: message key=value …`
    var lines: [String] { self.events.events }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        self.events.add("\(level): \(message)" + metadata.map { " \($0.key)=\($0.value)" }.joined())
    }

    func count(_ level: KafkaLogLevel, containing text: String) -> Int {
        self.lines.count { $0.hasPrefix("\(level):") && $0.contains(text) }
    }

    /// Waits until a line of a level has a text in it. The test's time limit ends a wait that is in vain.
    func until(_ level: KafkaLogLevel, containing text: String) async {
        await self.events.until { lines in
            lines.contains { $0.hasPrefix("\(level):") && $0.contains(text) }
        }
    }
}
