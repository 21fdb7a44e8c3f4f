// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Somebody whom a broker knows, by the kind and the name that its listener gives him.
public struct KafkaPrincipal: Hashable, Sendable {
    /// `User`, unless the cluster has a principal builder of its own.
    public var type: String
    /// `alice`; for mutual TLS, the certificate's subject.
    public var name: String

    /// A principal; a user by default.
    public init(type: String = "User", name: String) {
        self.type = type
        self.name = name
    }

    /// The principal of a user: `User:` and the name.
    public static func user(_ name: String) -> KafkaPrincipal { KafkaPrincipal(name: name) }
}

extension KafkaPrincipal: CustomStringConvertible {
    /// As Kafka writes it: `User:alice`.
    public var description: String { "\(self.type):\(self.name)" }
}
