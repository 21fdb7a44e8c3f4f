// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Fuzzes message decoders. The input has a message's index in the registry (two bytes), a version and the body.
func fuzzMessage(_ bytes: Bytes) {
    guard bytes.count >= 3 else { return }
    let type = MessageRegistry.types[(Int(bytes[0]) << 8 | Int(bytes[1])) % MessageRegistry.types.count]
    let versions = type.validVersions
    let version = versions.lowerBound + Int16(bytes[2]) % Int16(versions.count)
    fuzz(type, version: version, body: bytes[3..<bytes.count])
}

private func fuzz<Message: KafkaMessage>(_ type: Message.Type, version: Int16, body: Bytes) {
    var reader = ByteReader(body)
    guard let message = try? Message(from: &reader, version: version) else { return }
    do {
        // The encoded bytes can differ from the input, but must not change after that.
        let once = try encoded(message, version: version)
        var second = ByteReader(once)
        let again = try Message(from: &second, version: version)
        try second.finish()
        guard try encoded(again, version: version) == once else {
            preconditionFailure("\(type) version \(version) changes when it is read and written")
        }
    } catch ProtocolError.malformed(let reason) where reason.hasPrefix("tag ") {
        // A tag occurs twice, which is accepted for decoding but not for encoding.
    } catch {
        preconditionFailure("\(type) version \(version) was read, but then: \(error)")
    }
}

private func encoded(_ message: some KafkaMessage, version: Int16) throws(ProtocolError) -> Bytes {
    var writer = ByteWriter()
    try message.encode(into: &writer, version: version)
    return writer.finishContiguous()
}
