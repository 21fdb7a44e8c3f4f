// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if SwiftLog
import AsyncKafka
import EmbeddedKafka
import InMemoryLogging
import Logging
import Testing

/// A client's log as swift-log's (trait `SwiftLog`).
@Suite(.timeLimit(.minutes(1))) struct SwiftLogTests {
    private let kept = InMemoryLogHandler()

    private func logger(_ level: Logging.Logger.Level) -> Logging.Logger {
        var logger = Logging.Logger(label: "kafka") { _ in self.kept }
        logger.logLevel = level
        return logger
    }

    @Test func theLoggersLevelDecidesWhatIsLogged() {
        let destination = SwiftLogDestination(self.logger(.warning))
        #expect(KafkaLogLevel.allCases.filter(destination.isEnabled) == [.warning, .error])
        let all = SwiftLogDestination(self.logger(.trace))
        #expect(KafkaLogLevel.allCases.allSatisfy(all.isEnabled))
    }

    @Test func levelsAndMetadataAreTheSame() throws {
        let destination = SwiftLogDestination(self.logger(.trace))
        for level in KafkaLogLevel.allCases {
            destination.log(level, "A message", metadata: [("kafka.topic", "t"), ("kafka.broker", "1")])
        }
        let entries = self.kept.entries
        #expect(entries.map(\.level) == [.trace, .debug, .info, .warning, .error])
        #expect(entries.allSatisfy { $0.message == "A message" })
        #expect(entries.allSatisfy { $0.metadata == ["kafka.topic": "t", "kafka.broker": "1"] })
    }

    @Test func aClientLogsThere() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            var configuration = kafka.clientConfiguration
            configuration.log = SwiftLogDestination(self.logger(.debug))
            try await KafkaAdminClient.withAdminClient(configuration) { _ = try await $0.listTopics() }
            #expect(self.kept.entries.contains { $0.metadata["kafka.broker"] != nil }, "\(self.kept.entries)")
        }
    }
}
#endif
