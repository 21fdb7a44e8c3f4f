// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A message of Kafka's protocol: the body of a request or a response, or what is stored inside one.
///
/// Conforming types are generated (Sources/kafka-codegen), one file an API.
package protocol KafkaMessage: Sendable {
    /// The versions that can be read and written.
    static var validVersions: ClosedRange<Int16> { get }
    /// The first version with compact lengths and tagged fields (KIP-482); nil if none has them.
    static var firstFlexibleVersion: Int16? { get }
    /// The highest version that brokers offer without being told to: the highest valid one, if that isn't unstable.
    static var latestStableVersion: Int16 { get }

    init(from reader: inout ByteReader, version: Int16) throws(ProtocolError)
    func encode(into writer: inout ByteWriter, version: Int16) throws(ProtocolError)
}

/// A request, which knows its key and the type of its answer.
package protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaResponse
    static var apiKey: APIKey { get }
    /// How many elements the arrays of an answer may have together; more than any honest one has.
    var answerElementLimit: Int { get }
}

/// The answer to a request.
package protocol KafkaResponse: KafkaMessage {
    static var apiKey: APIKey { get }
    /// For how many milliseconds the broker wants nothing more from this client (KIP-219). 0 where the answer has no such
    /// field.
    var throttleTimeMs: Int32 { get }
}

extension KafkaMessage {
    package static func isFlexible(_ version: Int16) -> Bool {
        guard let first = self.firstFlexibleVersion else { return false }
        return version >= first
    }

    package static var latestStableVersion: Int16 { self.validVersions.upperBound }
}

extension KafkaRequest {
    package var answerElementLimit: Int { .max }

    /// The version of the `RequestHeader` before a request of this version.
    package static func requestHeaderVersion(_ version: Int16) -> Int16 {
        self.isFlexible(version) ? 2 : 1
    }
}

extension KafkaResponse {
    package var throttleTimeMs: Int32 { 0 }

    /// The version of the `ResponseHeader` before a response of this version.
    package static func responseHeaderVersion(_ version: Int16) -> Int16 {
        // A client reads the answer to ApiVersions before it knows what the broker speaks (KIP-511).
        self.apiKey == .apiVersions ? 0 : self.isFlexible(version) ? 1 : 0
    }
}
