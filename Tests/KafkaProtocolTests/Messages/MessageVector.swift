// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaProtocol
import Testing

/// A line of `messages.tsv`: the bytes of a message as Kafka writes it, and its fields.
struct MessageVector: CustomStringConvertible {
    let type: any KafkaMessage.Type
    let version: Int16
    let fill: Int
    let bytes: Bytes
    let json: String

    var description: String { "\(self.type) v\(self.version), fill \(self.fill)" }

    private init(row: [String], types: [String: any KafkaMessage.Type]) throws {
        try #require(row.count == 5)
        self.type = try #require(types[row[0]], "\(row[0]) is not generated")
        self.version = try #require(Int16(row[1]))
        self.fill = try #require(Int(row[2]))
        self.bytes = try #require(Bytes(hexadecimal: row[3]))
        self.json = row[4]
    }

    static func all(in file: GoldenFile? = nil) throws -> [MessageVector] {
        let types = Dictionary(uniqueKeysWithValues: MessageRegistry.types.map { ("\($0)", $0) })
        let vectors = try (file ?? GoldenFile("messages.tsv")).rows.map { try MessageVector(row: $0, types: types) }
        try #require(!vectors.isEmpty)
        return vectors
    }

    /// Decodes the vector's bytes, or other bytes instead.
    func decoded(from bytes: Bytes? = nil) throws -> any KafkaMessage {
        try self.type.decoded(from: bytes ?? self.bytes, version: self.version)
    }
}

extension KafkaMessage {
    /// Decodes a message that consists of all the bytes.
    static func decoded(from bytes: Bytes, version: Int16) throws(ProtocolError) -> Self {
        var reader = ByteReader(bytes)
        let message = try Self(from: &reader, version: version)
        try reader.finish()
        return message
    }

    func encoded(version: Int16) throws(ProtocolError) -> Bytes {
        var writer = ByteWriter()
        try self.encode(into: &writer, version: version)
        return writer.finishContiguous()
    }
}
