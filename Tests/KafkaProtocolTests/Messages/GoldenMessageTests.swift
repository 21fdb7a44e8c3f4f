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

/// Compares every version of every message with the bytes written by Kafka's own classes.
@Suite struct GoldenMessageTests {
    @Test func decodedFieldsMatchKafkas() throws {
        let decoder = JSONDecoder()
        for vector in try MessageVector.all() {
            let message = try vector.decoded()
            let json = try decoder.decode(JSONValue.self, from: Data(vector.json.utf8))
            #expect(differences(of: message, from: json) == [], "\(vector)")
        }
    }

    @Test func encodingADecodedMessageReturnsTheSameBytes() throws {
        for vector in try MessageVector.all() {
            let bytes = try vector.decoded().encoded(version: vector.version)
            #expect(bytes.hexadecimal == vector.bytes.hexadecimal, "\(vector)")
        }
    }

    @Test func everyVersionOfEveryRequestAndResponseHasVectors() throws {
        let file = try GoldenFile("messages.tsv", in: #require(GoldenFile.kept))
        let vectors = Dictionary(grouping: try MessageVector.all(in: file)) { "\($0.type)" }
        for type in MessageRegistry.types where type is any KafkaRequest.Type || type is any KafkaResponse.Type {
            #expect(Set(vectors["\(type)", default: []].map(\.version)) == Set(type.validVersions), "\(type)")
        }
    }

    /// Wherever the bytes end, the result is an error and nothing worse.
    @Test func everyTruncationIsAnError() throws {
        for vector in try MessageVector.all() {
            for count in 0..<vector.bytes.count {
                // A copy, so that reading past the end is reading past the allocation.
                let part = vector.bytes[0..<count].detached()
                #expect((try? vector.decoded(from: part)) == nil, "\(vector), \(count) bytes")
            }
        }
    }

    @Test func anExtraByteIsAnError() throws {
        for vector in try MessageVector.all() {
            #expect(throws: ProtocolError.trailingBytes(1), "\(vector)") {
                _ = try vector.decoded(from: Bytes(Array(vector.bytes) + [0]))
            }
        }
    }

    /// Whatever is decoded from damaged bytes can be encoded again.
    @Test func aDamagedByteIsAnErrorOrAnotherMessage() throws {
        for vector in try MessageVector.all() where vector.fill == 3 {
            for index in vector.bytes.indices {
                for damage: UInt8 in [0x00, 0x7f, 0x80, 0xff] {
                    var damaged = Array(vector.bytes)
                    damaged[index] = damage
                    guard let message = try? vector.decoded(from: Bytes(damaged)) else { continue }
                    _ = try? message.encoded(version: vector.version)
                }
            }
        }
    }

    @Test func unknownTaggedFieldsArePreserved() throws {
        var count = 0
        for vector in try MessageVector.all() where vector.fill == 0 {
            guard vector.type.isFlexible(vector.version) else { continue }
            // The last byte is the number of tagged fields, which is 0 in an empty message.
            try #require(vector.bytes.last == 0)
            let tagged: [UInt8] = [2, 0xe8, 0x07, 3, 1, 2, 3, 0xe9, 0x07, 0]
            let bytes = Bytes(vector.bytes.dropLast() + tagged)
            let message = try vector.decoded(from: bytes)
            #expect(try message.encoded(version: vector.version).hexadecimal == bytes.hexadecimal, "\(vector)")
            count += 1
        }
        #expect(count > 0)
    }

    @Test func anInvalidVersionIsAnError() throws {
        for type in MessageRegistry.types {
            for version in [type.validVersions.lowerBound - 1, type.validVersions.upperBound + 1] {
                let error = ProtocolError.unsupportedVersion(message: "\(type)", version: version)
                #expect(throws: error) { _ = try type.decoded(from: Bytes(), version: version) }
            }
        }
        let error = ProtocolError.unsupportedVersion(message: "MetadataRequest", version: 14)
        #expect(throws: error) { _ = try MetadataRequest().encoded(version: 14) }
    }
}
