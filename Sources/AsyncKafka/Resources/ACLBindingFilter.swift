// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A selection of access control entries: those that meet all conditions that aren't nil.
public struct ACLBindingFilter: Hashable, Sendable {
    /// A condition on the pattern of an entry.
    @nonexhaustive
    public enum Name: Hashable, Sendable {
        /// The pattern's own name is this, whether it is compared literally or as a prefix.
        case equal(String)
        /// The pattern is compared literally and has this name, or any name if that is nil.
        case literal(String?)
        /// The pattern is compared as a prefix and has this name, or any name if that is nil.
        case prefixed(String?)
        /// The pattern applies to the resource of this name: literally, as `*`, or as one of its prefixes.
        case applying(to: String)
    }

    /// The kind of the resources.
    public var kind: ResourcePattern.Kind?
    /// The condition on the pattern.
    public var name: Name?
    /// The principal that the entry names. `User:*` selects the entries for everyone, not those of all principals.
    public var principal: KafkaPrincipal?
    /// The address that the entry names.
    public var host: String?
    /// The operation.
    public var operation: ACLOperation?
    /// Whether the entry allows or denies.
    public var permission: ACLBinding.Permission?

    /// Creates a filter. Without conditions it selects all entries.
    public init(
        _ kind: ResourcePattern.Kind? = nil, _ name: Name? = nil, principal: KafkaPrincipal? = nil,
        host: String? = nil, operation: ACLOperation? = nil, permission: ACLBinding.Permission? = nil
    ) {
        self.kind = kind
        self.name = name
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// Creates the filter that selects exactly this entry.
    public init(_ binding: ACLBinding) {
        let name = binding.resource.name
        self.init(
            binding.resource.kind, binding.resource.comparison == .prefixed ? .prefixed(name) : .literal(name),
            principal: binding.principal, host: binding.host, operation: binding.operation,
            permission: binding.permission)
    }

    /// The filter that selects all entries.
    public static let all = ACLBindingFilter()
}

extension ACLBindingFilter: CustomStringConvertible {
    /// The conditions, such as `topic named orders, principal User:alice`.
    public var description: String {
        var parts: [String] = []
        if self.kind != nil || self.name != nil {
            let kind = self.kind.map { "\($0)" } ?? "any resource"
            parts.append(self.name.map { "\(kind) \($0)" } ?? kind)
        }
        if let principal { parts.append("principal \(principal)") }
        if let host { parts.append("host \(host)") }
        if let operation { parts.append("operation \(operation)") }
        if let permission { parts.append("permission \(permission)") }
        return parts.isEmpty ? "all entries" : parts.joined(separator: ", ").printable
    }
}

extension ACLBindingFilter.Name: CustomStringConvertible {
    /// The condition in words, such as `with a pattern that applies to orders`.
    public var description: String {
        switch self {
        case .equal(let name): "with the name or prefix \(name)"
        case .literal(let name): name.map { "named \($0)" } ?? "with any literal name"
        case .prefixed(let name): name.map { "with the prefix \($0)" } ?? "with any prefix"
        case .applying(let name): "with a pattern that applies to \(name)"
        }
    }
}
