// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

/// Records what a client logs as events of a test: `[warning] The message key=value …`.
struct EventLogSink: KafkaLog {
    let events: EventLog
    var minimum = KafkaLogLevel.info

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        self.events.add((["[\(level)] \(message)"] + metadata.map { "\($0.key)=\($0.value)" }).joined(separator: " "))
    }
}

extension EventLog {
    /// The number of events that contain all of these words.
    func count(_ words: String...) -> Int {
        self.events.count { event in words.allSatisfy { event.contains($0) } }
    }
}

extension KafkaConsumer {
    /// Polls until the condition holds, up to a limit by the client's clock.
    func pollsUntil(
        within limit: Duration = .seconds(25), sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () async throws -> Bool
    ) async throws {
        let end = self.core.loop.now + limit
        while try await !condition() {
            if self.core.loop.now > end {
                Issue.record("not within \(limit)", sourceLocation: sourceLocation)
                return
            }
            _ = try await self.poll(timeout: .milliseconds(50))
        }
    }

    /// Polls until an error is thrown, up to a limit by the client's clock.
    func failure(within limit: Duration = .seconds(25)) async -> KafkaError? {
        do throws(KafkaError) {
            let end = self.core.loop.now + limit
            while self.core.loop.now < end { _ = try await self.poll(timeout: .milliseconds(50)) }
            return nil
        } catch {
            return error
        }
    }
}
