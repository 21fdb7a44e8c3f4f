// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension EmbeddedKafka {
    /// Decides on permissions by ACLs, as Kafka's `StandardAuthorizer`.
    ///
    /// Clients are `User:name` on a listener with SASL, `User:CN=name` on one that requires client certificates, and
    /// `User:ANONYMOUS` otherwise. ACLs are created by the admin API (CreateAcls).
    ///
    /// ```swift
    /// var configuration = EmbeddedKafka.Configuration()
    /// configuration.users = ["admin": "admin-secret", "alice": "alice-secret"]
    /// configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
    /// configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: ["User:admin"])
    /// ```
    public struct Authorizer: Hashable, Sendable {
        /// The principals that may do everything (`super.users`). Default: none.
        public var superUsers: Set<String>
        /// Whether everyone may use a resource that no ACL is about (`allow.everyone.if.no.acl.found`). Default: false.
        public var allowsIfNoACL: Bool

        /// Creates an authorizer without ACLs.
        public init(superUsers: Set<String> = [], allowsIfNoACL: Bool = false) {
            self.superUsers = superUsers
            self.allowsIfNoACL = allowsIfNoACL
        }
    }
}
