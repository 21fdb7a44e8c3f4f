// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A record as an object of JSON. Members with other names, such as `offset`, are passed over.
struct JSONRecord: Decodable {
    struct Header: Decodable {
        var name: String
        var value: JSONValue?
        var valueBase64: String?
    }

    var key: JSONValue?
    var keyBase64: String?
    var value: JSONValue?
    var valueBase64: String?
    var headers: [Header]?
    var partition: Int32?
    var timestamp: JSONValue?

    /// Takes over what the object has.
    func fill(_ record: inout ProducerRecord) throws {
        if let key = try Self.bytes(self.key, self.keyBase64) { record.key = key }
        record.value = try Self.bytes(self.value, self.valueBase64)
        for header in self.headers ?? [] {
            record.headers.append(RecordHeader(header.name, try Self.bytes(header.value, header.valueBase64)))
        }
        if let partition = self.partition { record.partition = partition }
        switch self.timestamp {
        case nil, .null: break
        case .integer(let milliseconds): record.timestamp = Timestamp(millisecondsSince1970: milliseconds)
        case .text(let text):
            guard let timestamp = Moment.parse(text) else { throw Failure("\"\(text)\" is no time") }
            record.timestamp = timestamp
        default: throw Failure("its timestamp is neither text nor a number")
        }
    }

    /// Text stands for its bytes, and any other value for its JSON.
    private static func bytes(_ value: JSONValue?, _ base64: String?) throws -> Bytes? {
        if let base64 {
            guard let data = Data(base64Encoded: base64) else { throw Failure("a value isn't Base64") }
            return Bytes(data)
        }
        switch value {
        case nil, .null: return nil
        case .text(let text): return Bytes(text)
        case .some(let value): return Bytes(value.description)
        }
    }
}
