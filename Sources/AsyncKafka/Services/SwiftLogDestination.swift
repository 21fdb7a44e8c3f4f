// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if SwiftLog
public import Logging

/// Passes a client's log to swift-log (trait `SwiftLog`).
///
/// ```swift
/// configuration.log = SwiftLogDestination(Logger(label: "kafka"))
/// ```
///
/// The levels have the same names in both. The keys of the metadata, such as `kafka.topic`, stay as they are.
public struct SwiftLogDestination: KafkaLog {
    private let logger: Logging.Logger

    /// Creates a destination. The logger's level decides what is logged.
    public init(_ logger: Logging.Logger) {
        self.logger = logger
    }

    /// Returns whether the logger logs events of this level.
    public func isEnabled(_ level: KafkaLogLevel) -> Bool { level.level >= self.logger.logLevel }

    /// Passes an event to the logger.
    public func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let metadata = Logging.Logger.Metadata(
            metadata.map { ($0.key, .string($0.value)) }, uniquingKeysWith: { $1 })
        self.logger.log(level: level.level, "\(message)", metadata: metadata, source: "AsyncKafka")
    }
}

extension KafkaLogLevel {
    fileprivate var level: Logging.Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
#endif
