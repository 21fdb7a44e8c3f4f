// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// Keeps what a client warns of.
final class KeptWarnings: KafkaLog {
    private let kept = Lock<[String]>([])

    var lines: [String] { self.kept.withLock { $0 } }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= .warning }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let details = metadata.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        self.kept.withLock { $0.append("\(message) \(details)") }
    }
}
