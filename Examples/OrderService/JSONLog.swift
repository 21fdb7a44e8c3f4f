// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

// snippet: json-log
/// Writes each event as a line of JSON to standard error, which has no buffer: the last lines before a kill are there.
struct JSONLog: KafkaLog {
    var minimum = KafkaLogLevel.info

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let fields = [("time", time), ("level", "\(level)"), ("message", message)] + metadata
        let line = fields.map { "\(self.quoted($0)):\(self.quoted($1))" }.joined(separator: ",")
        try? FileHandle.standardError.write(contentsOf: Data("{\(line)}\n".utf8))
    }

    private func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
// snippet end
