// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension KafkaMessage {
    /// Decodes a subscription or an assignment of a classic group's member, which begins with its version. A later version than
    /// the known ones has additional fields at its end.
    init(ofMember bytes: Bytes) throws(ProtocolError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInt16()
        guard version >= 0 else { throw .malformed("version \(version)") }
        try self.init(from: &reader, version: min(version, Self.validVersions.upperBound))
    }
}
