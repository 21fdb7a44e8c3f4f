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

    init(from reader: inout ByteReader, version: Int16) throws(ProtocolError)
    func encode(into writer: inout ByteWriter, version: Int16) throws(ProtocolError)
}

/// A request, which knows its key and the type of its answer.
package protocol KafkaRequest: KafkaMessage {
    associatedtype Response: KafkaResponse
    static var apiKey: APIKey { get }
}

/// The answer to a request.
package protocol KafkaResponse: KafkaMessage {
    static var apiKey: APIKey { get }
}

extension KafkaMessage {
    package static func isFlexible(_ version: Int16) -> Bool {
        guard let first = self.firstFlexibleVersion else { return false }
        return version >= first
    }
}
