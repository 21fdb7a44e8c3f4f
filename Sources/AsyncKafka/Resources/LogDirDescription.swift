// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A directory in which a broker keeps the logs of its replicas (`log.dirs`).
public struct LogDirDescription: Sendable {
    /// A replica's log in the directory.
    public struct Replica: Hashable, Sendable {
        /// The partition.
        public var partition: TopicPartition
        /// The size of the log in bytes.
        public var size: Int64
        /// How many records the log lacks: of the leader's, or if it ``LogDirDescription/Replica/isFuture``, of those that the current log has.
        public var offsetLag: Int64
        /// Whether the replica is being moved into this directory: the log replaces the current one when it has caught up.
        public var isFuture: Bool
    }

    /// The directory's path.
    public var path: String
    /// The replicas, by partition.
    public var replicas: [Replica]
    /// The size of the volume in bytes (KIP-827). Nil with brokers below Kafka 3.3, or if it is unknown.
    public var totalBytes: Int64?
    /// The bytes of the volume that are free (KIP-827). Nil as ``LogDirDescription/totalBytes``.
    public var usableBytes: Int64?
    /// Whether the broker puts no new replicas into the directory (KIP-1066). False with brokers that don't know this.
    public var isCordoned: Bool
    /// Why the directory can't be used: the `brokerCode` is `.kafkaStorageError` if its disk has failed. Nil if it can be used.
    public var error: KafkaError?

    /// The size of all logs in bytes.
    public var size: Int64 { self.replicas.reduce(0) { $0.addingClamped($1.size) } }
}

extension LogDirDescription: CustomStringConvertible {
    /// A line for the directory and one for each replica.
    public var description: String {
        var head = [counted(self.replicas.count, "replica"), "\(self.size) bytes"]
        if let usableBytes, let totalBytes { head.append("\(usableBytes) of \(totalBytes) bytes free") }
        if self.isCordoned { head.append("cordoned") }
        if let error { head.append("unusable: \(error.message)") }
        return (["\(self.path): \(head.joined(separator: ", "))".printable] + self.replicas.map { "  \($0)" })
            .joined(separator: "\n")
    }
}

extension LogDirDescription.Replica: CustomStringConvertible {
    /// The replica on one line, such as `orders-0: 1024 bytes, lag 0`.
    public var description: String {
        let line = "\(self.partition): \(self.size) bytes, lag \(self.offsetLag)"
        return (self.isFuture ? "\(line), being moved here" : line).printable
    }
}
