// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import AsyncKafka
import KafkaMemory
import Testing

/// Keeps a client's log as lines: `level: message key=value …`.
final class LineLog: KafkaLog {
    private let minimum: KafkaLogLevel
    private let kept = Lock<[String]>([])

    init(minimum: KafkaLogLevel = .info) {
        self.minimum = minimum
    }

    var lines: [String] { self.kept.withLock { $0 } }

    func lines(_ level: KafkaLogLevel, containing text: String = "") -> [String] {
        self.lines.filter { $0.hasPrefix("\(level):") && $0.contains(text) }
    }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let line = "\(level): \(message)" + metadata.map { " \($0.key)=\($0.value)" }.joined()
        self.kept.withLock { $0.append(line) }
    }
}
