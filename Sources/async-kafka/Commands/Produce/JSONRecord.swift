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
struct JSONRecord {
    private let object: JSONValue

    init(parsing line: ArraySlice<UInt8>) throws(Failure) {
        guard let object = try? JSONParser.parse(line), case .object = object else {
            throw Failure("it is no JSON object")
        }
        self.object = object
    }

    /// Takes over what the object has.
    func fill(_ record: inout ProducerRecord) throws(Failure) {
        if let key = try Self.bytes("key", of: self.object) { record.key = key }
        // A record without a value deletes its key in a compacted topic, so that it takes more than a misspelt name.
        guard self.object["value"] ?? self.object["valueBase64"] != nil else {
            throw Failure("it has no \"value\"; null stands for none")
        }
        record.value = try Self.bytes("value", of: self.object)
        record.headers += try self.headers
        switch self.object["partition"] {
        case nil, .null: break
        case .integer(let number) where Int32(exactly: number) != nil: record.partition = Int32(number)
        default: throw Failure("its partition is no number of a partition")
        }
        switch self.object["timestamp"] {
        case nil, .null: break
        case .integer(let milliseconds): record.timestamp = Timestamp(millisecondsSince1970: milliseconds)
        case .text(let text):
            guard let timestamp = Moment.parse(text) else { throw Failure("\"\(text)\" is no time") }
            record.timestamp = timestamp
        default: throw Failure("its timestamp is neither text nor a number")
        }
    }

    private var headers: [RecordHeader] {
        get throws(Failure) {
            switch self.object["headers"] {
            case nil, .null: return []
            case .array(let elements):
                var headers: [RecordHeader] = []
                for element in elements {
                    guard case .text(let name) = element["name"] else { throw Failure("a header has no \"name\"") }
                    headers.append(RecordHeader(name, try Self.bytes("value", of: element)))
                }
                return headers
            default: throw Failure("its headers aren't written as [{\"name\": …, \"value\": …}]")
            }
        }
    }

    /// Text stands for its bytes, and any other value for its JSON.
    private static func bytes(_ name: String, of object: JSONValue) throws(Failure) -> Bytes? {
        if let base64 = object[name + "Base64"], base64 != .null {
            guard case .text(let text) = base64, let data = Data(base64Encoded: text) else {
                throw Failure("its \(name)Base64 isn't Base64")
            }
            return Bytes(data)
        }
        switch object[name] {
        case nil, .null: return nil
        case .text(let text): return Bytes(text)
        case .some(let value): return Bytes(value.description)
        }
    }
}
