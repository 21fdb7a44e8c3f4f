// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A principal: the identity that a broker derives from an authenticated connection.
public struct KafkaPrincipal: Hashable, Sendable {
    /// The principal's type: `User`, unless the brokers have a custom principal builder.
    public var type: String
    /// The principal's name, such as `alice`. With mutual TLS it is the certificate's subject by default.
    public var name: String

    /// Creates a principal. The default type is `User`.
    public init(type: String = "User", name: String) {
        self.type = type
        self.name = name
    }

    /// Returns the principal `User:` followed by the name.
    public static func user(_ name: String) -> KafkaPrincipal { KafkaPrincipal(name: name) }
}

extension KafkaPrincipal: CustomStringConvertible {
    /// The principal as Kafka writes it: `User:alice`.
    public var description: String { self.type.isEmpty ? self.name : "\(self.type):\(self.name)" }

    /// Creates the principal that Kafka writes as this text. The type is empty if there is no colon.
    init(kafkaText text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(type: parts.count > 1 ? String(parts[0]) : "", name: String(parts.last ?? ""))
    }
}
