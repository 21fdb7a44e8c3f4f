// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Text from a broker is shown on one line, whatever characters it contains.
@Suite struct PrintableTextTests {
    private static let hostile = "no\r\n[error] forged\u{1b}[31m\u{0}\u{7f}\u{85}\u{9b}\u{2028}\u{202e}end"

    private func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: false
            default: true
            }
        }
    }

    @Test func anErrorIsOneLineWhateverTheBrokersMessage() {
        let errors = [
            KafkaError(.policyViolation, doing: "storing records", topic: "t", brokerMessage: Self.hostile),
            KafkaError(.brokerError, "m", broker: Self.hostile, topic: Self.hostile, group: Self.hostile),
        ]
        for error in errors {
            #expect(self.isPrintable(error.description), "\(error.description.debugDescription)")
            #expect(error.description.contains("no\\r\\n[error] forged\\u{1B}[31m\\0"))
            #expect(error.description.contains("end"))
        }
    }

    @Test func anEventIsASingleLineInTheLog() {
        let line = StandardErrorLog.line(.error, "m", [(key: "kafka.topic", value: Self.hostile)])
        #expect(self.isPrintable(line), "\(line.debugDescription)")
        #expect(line.hasPrefix("[error] m kafka.topic=no\\r\\n[error] forged"))
    }

    @Test func printableTextIsUnchanged() {
        let error = KafkaError(.brokerError, "Grüße, 世界 👩‍🚒 \\ \"quoted\"", topic: "t")
        #expect(error.description == "Grüße, 世界 👩‍🚒 \\ \"quoted\" [topic t]")
    }
}
