// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The headers of requests and responses (KIP-482), which precede the body.
enum RequestHeaderFormat {
    /// Writes version 1 of the header, or version 2 with tagged fields. The client id is a plain string in both.
    static func write(
        to writer: inout ByteWriter, api: APIKey, version: Int16, correlationID: Int32, clientID: String,
        isFlexible: Bool
    ) throws(ProtocolError) {
        writer.writeInt16(api.rawValue)
        writer.writeInt16(version)
        writer.writeInt32(correlationID)
        try writer.writeNullableString(clientID, flexible: false)
        if isFlexible { writer.writeUnsignedVarint(0) }
    }

    /// Skips the tagged fields of a response header, of which none are defined.
    static func skipTags(in reader: inout ByteReader) throws(ProtocolError) {
        var count = try reader.readUnsignedVarint()
        while count > 0 {
            _ = try reader.readUnsignedVarint()
            _ = try reader.readSlice(count: Int(reader.readUnsignedVarint()))
            count -= 1
        }
    }
}
