// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An access control entry: what a principal may or must not do with the resources of a pattern.
///
/// ```swift
/// let binding = ACLBinding.allow(.user("alice"), .read, on: .topics(prefix: "orders."))
/// ```
public struct ACLBinding: Hashable, Sendable {
    /// Whether an entry allows or denies. An entry that denies takes precedence over those that allow.
    public struct Permission: RawRepresentable, Hashable, Sendable {
        /// Kafka's code of the permission.
        public var rawValue: Int8

        /// Creates the permission with this code.
        public init(rawValue: Int8) {
            self.rawValue = rawValue
        }

        /// The operation is denied.
        public static let deny = Permission(rawValue: 2)
        /// The operation is allowed.
        public static let allow = Permission(rawValue: 3)
    }

    /// The resources.
    public var resource: ResourcePattern
    /// The principal. `User:*` stands for everyone.
    public var principal: KafkaPrincipal
    /// The IP address that the principal's requests come from. `*` stands for all addresses.
    public var host: String
    /// The operation.
    public var operation: ACLOperation
    /// Whether the operation is allowed or denied.
    public var permission: Permission

    /// Creates an entry.
    public init(
        _ permission: Permission, _ principal: KafkaPrincipal, _ operation: ACLOperation,
        on resource: ResourcePattern, from host: String = "*"
    ) {
        self.resource = resource
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// Returns an entry that allows an operation. By default from all addresses.
    public static func allow(
        _ principal: KafkaPrincipal, _ operation: ACLOperation, on resource: ResourcePattern, from host: String = "*"
    ) -> ACLBinding {
        ACLBinding(.allow, principal, operation, on: resource, from: host)
    }

    /// Returns an entry that denies an operation. By default from all addresses.
    public static func deny(
        _ principal: KafkaPrincipal, _ operation: ACLOperation, on resource: ResourcePattern, from host: String = "*"
    ) -> ACLBinding {
        ACLBinding(.deny, principal, operation, on: resource, from: host)
    }
}

extension ACLBinding.Permission: CustomStringConvertible {
    /// The permission in a word: `allow` or `deny`.
    public var description: String {
        switch self {
        case .deny: "deny"
        case .allow: "allow"
        default: "permission \(self.rawValue)"
        }
    }
}

extension ACLBinding: CustomStringConvertible {
    /// The entry on one line, such as `allow User:alice READ on topic orders`.
    public var description: String {
        let line = "\(self.permission) \(self.principal) \(self.operation) on \(self.resource)"
        return (self.host == "*" ? line : "\(line) from \(self.host)").printable
    }
}
