// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A message's number in the registry (two bytes), a version, then its body.
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
    // The bytes needn't be those that we would write, but from there on they stay the same.
    guard let once = encoded(message, version: version) else {
        preconditionFailure("\(type) version \(version) was read, but can't be written")
    }
    var second = ByteReader(once)
    guard let again = try? Message(from: &second, version: version), second.remaining == 0 else {
        preconditionFailure("\(type) version \(version) was written, but can't be read")
    }
    guard encoded(again, version: version) == once else {
        preconditionFailure("\(type) version \(version) changes when it is read and written")
    }
}

private func encoded(_ message: some KafkaMessage, version: Int16) -> Bytes? {
    var writer = ByteWriter()
    do {
        try message.encode(into: &writer, version: version)
        return writer.finishContiguous()
    } catch {
        return nil
    }
}
