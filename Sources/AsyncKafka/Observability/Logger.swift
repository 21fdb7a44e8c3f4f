// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The keys of log metadata, in one place, so that dashboards can rely on them.
enum LogKey: String {
    case clientID = "kafka.client.id"
    case cluster = "kafka.cluster.id"
    case broker = "kafka.broker"
    case topic = "kafka.topic"
    case partition = "kafka.partition"
    case partitions = "kafka.partitions"
    case group = "kafka.group.id"
    case member = "kafka.group.member.id"
    case generation = "kafka.group.generation"
    case offset = "kafka.offset"
    case api = "kafka.api"
    case apiVersion = "kafka.api.version"
    case address = "network.address"
    case duration = "duration"
    case size = "size"
    case error = "error"
    case count = "count"
    case reason = "reason"
}

/// A log with a client's fixed metadata. Metadata is evaluated only if the level is enabled.
struct Logger: Sendable {
    private let log: any KafkaLog
    private let fixed: [(key: String, value: String)]

    init(_ log: any KafkaLog, _ fixed: [(LogKey, String)] = []) {
        self.log = log
        self.fixed = fixed.map { (key: $0.0.rawValue, value: $0.1) }
    }

    private init(log: any KafkaLog, fixed: [(key: String, value: String)]) {
        self.log = log
        self.fixed = fixed
    }

    func with(_ more: [(LogKey, String)]) -> Logger {
        Logger(log: self.log, fixed: self.fixed + more.map { (key: $0.0.rawValue, value: $0.1) })
    }

    func callAsFunction(
        _ level: KafkaLogLevel, _ message: StaticString, _ metadata: @autoclosure () -> [(LogKey, String)] = []
    ) {
        guard self.log.isEnabled(level) else { return }
        self.log.log(
            level, message.description, metadata: self.fixed + metadata().map { (key: $0.0.rawValue, value: $0.1) })
    }
}
