// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How much a log event matters.
public enum KafkaLogLevel: Int, Sendable, Comparable, CaseIterable {
    /// Every request and answer.
    case trace
    /// What the client decides: connections, leaders, rebalances.
    case debug
    /// What a user may like to know.
    case info
    /// Something failed and is being retried.
    case warning
    /// Something failed for good.
    case error

    /// Whether `left` matters less.
    public static func < (left: KafkaLogLevel, right: KafkaLogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where log events go. Bind it to your logging system with one small type.
///
/// Messages are constant; what varies is in the metadata, under keys such as `kafka.client.id`, `kafka.topic`,
/// `kafka.broker`. Nothing secret is ever in either.
public protocol KafkaLog: Sendable {
    /// Whether events of this level are wanted; nothing is made for those that are not.
    func isEnabled(_ level: KafkaLogLevel) -> Bool
    /// Takes an event.
    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)])
}

/// Writes events to standard error, one a line: the default, from `warning` up.
public struct StandardErrorLog: KafkaLog {
    private let minimum: KafkaLogLevel

    /// A log of what is at least as important as `minimum`.
    public init(minimum: KafkaLogLevel = .warning) {
        self.minimum = minimum
    }

    /// Whether `level` is at least the minimum.
    public func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    /// Writes one line. Line ends and other controls in what comes from outside are written out.
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

/// Takes events and drops them.
public struct SilentLog: KafkaLog {
    /// A log that keeps nothing.
    public init() {}
    /// No level is wanted, so that nothing is made for its events.
    public func isEnabled(_ level: KafkaLogLevel) -> Bool { false }
    /// Drops the event.
    public func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {}
}
