// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The severity of a log event.
public enum KafkaLogLevel: Int, Sendable, Comparable, CaseIterable {
    /// Every request and response.
    case trace
    /// Decisions of the client: connections, leaders, rebalances.
    case debug
    /// Events of interest to users.
    case info
    /// A failure that is being retried.
    case warning
    /// A permanent failure.
    case error

    /// Returns whether `left` is less severe than `right`.
    public static func < (left: KafkaLogLevel, right: KafkaLogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// A destination of log events. Implement it to use your own logging system.
///
/// Messages are constant. Variable parts are in the metadata, under keys such as `kafka.client.id`, `kafka.topic` and
/// `kafka.broker`. Neither contains secrets.
public protocol KafkaLog: Sendable {
    /// Returns whether events of this level are logged. Other events are not created.
    func isEnabled(_ level: KafkaLogLevel) -> Bool
    /// Logs an event.
    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)])
}

/// A log that writes each event as a line to standard error. It is the default, from `warning` up.
public struct StandardErrorLog: KafkaLog {
    private let minimum: KafkaLogLevel

    /// Creates a log for events that are at least as severe as `minimum`.
    public init(minimum: KafkaLogLevel = .warning) {
        self.minimum = minimum
    }

    /// Returns whether `level` is at least the minimum.
    public func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    /// Writes an event as one line. Line breaks and control characters from external text are escaped.
    public func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        StandardError.write(Self.line(level, message, metadata) + "\n")
    }

    static func line(
        _ level: KafkaLogLevel, _ message: String, _ metadata: [(key: String, value: String)]
    ) -> String {
        var line = "[\(level)] \(message)"
        for (key, value) in metadata { line += " \(key)=\(value)" }
        return line.printable
    }
}

/// A log that discards all events.
public struct SilentLog: KafkaLog {
    /// Creates a log that discards all events.
    public init() {}
    /// Returns false for every level, so that no events are created.
    public func isEnabled(_ level: KafkaLogLevel) -> Bool { false }
    /// Discards the event.
    public func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {}
}
