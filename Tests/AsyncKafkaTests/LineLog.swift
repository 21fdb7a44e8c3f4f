// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// Keeps the lines of a log from a level up, for a test to look at.
final class LineLog: KafkaLog {
    struct Line: Sendable {
        var level: KafkaLogLevel
        var message: String
        var metadata: [(key: String, value: String)]

        subscript(_ key: String) -> String? { self.metadata.first { $0.key == key }?.value }
    }

    private let minimum: KafkaLogLevel
    private let kept = Lock<[Line]>([])

    init(from minimum: KafkaLogLevel = .info) {
        self.minimum = minimum
    }

    var lines: [Line] { self.kept.withLock { $0 } }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        self.kept.withLock { $0.append(Line(level: level, message: message, metadata: metadata)) }
    }
}
