// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Who may do what, or may not (KIP-11, KIP-290).
struct ACL: Hashable, Sendable {
    /// The types of resources, with Kafka's numbers.
    enum ResourceType: Int8, Sendable {
        case topic = 2
        case group = 3
        case cluster = 4
        case transactionalID = 5
        case delegationToken = 6
        case user = 7
    }

    /// How a name matches resources, with Kafka's numbers.
    enum Pattern: Int8, Sendable {
        case literal = 3
        case prefixed = 4
    }

    /// The operations, with Kafka's numbers.
    enum Operation: Int8, Sendable, CaseIterable {
        case all = 2
        case read = 3
        case write = 4
        case create = 5
        case delete = 6
        case alter = 7
        case describe = 8
        case clusterAction = 9
        case describeConfigs = 10
        case alterConfigs = 11
        case idempotentWrite = 12
        case createTokens = 13
        case describeTokens = 14
        case twoPhaseCommit = 15
    }

    /// Whether the operation is permitted, with Kafka's numbers.
    enum Permission: Int8, Sendable {
        case deny = 2
        case allow = 3
    }

    /// The name that stands for all resources, and the host that stands for all hosts.
    static let any = "*"
    /// The principal that stands for all users.
    static let everyone = "User:*"

    var resourceType: ResourceType
    var resourceName: String
    var pattern: Pattern
    var principal: String
    var host: String
    var operation: Operation
    var permission: Permission

    /// Returns whether it is about this resource.
    func concerns(_ resource: Resource) -> Bool {
        guard self.resourceType == resource.type else { return false }
        switch self.pattern {
        case .literal: return self.resourceName == resource.name || self.resourceName == Self.any
        // As in Kafka, characters are compared by their codes. Swift's own prefixes end between whole characters.
        case .prefixed: return resource.name.utf8.starts(with: self.resourceName.utf8)
        }
    }
}

/// Something that permissions are for.
struct Resource: Hashable, Sendable {
    var type: ACL.ResourceType
    var name: String

    static let cluster = Resource(type: .cluster, name: "kafka-cluster")

    static func topic(_ name: String) -> Resource { Resource(type: .topic, name: name) }
    static func group(_ name: String) -> Resource { Resource(type: .group, name: name) }
    static func transactionalID(_ name: String) -> Resource { Resource(type: .transactionalID, name: name) }
    static func delegationToken(_ name: String) -> Resource { Resource(type: .delegationToken, name: name) }
    static func user(_ name: String) -> Resource { Resource(type: .user, name: name) }
}

/// Selects ACLs, as DescribeAcls and DeleteAcls do. What is nil matches everything.
struct ACLFilter: Sendable {
    /// How the name of a filter matches patterns, with Kafka's numbers.
    enum PatternFilter: Int8, Sendable {
        case any = 1
        /// All patterns that concern a resource of this name.
        case match = 2
        case literal = 3
        case prefixed = 4
    }

    var resourceType: ACL.ResourceType?
    var resourceName: String?
    var pattern = PatternFilter.any
    var principal: String?
    var host: String?
    var operation: ACL.Operation?
    var permission: ACL.Permission?

    func matches(_ acl: ACL) -> Bool {
        func isEqual<Value: Equatable>(_ wanted: Value?, _ value: Value) -> Bool { wanted.map { $0 == value } ?? true }
        return isEqual(self.resourceType, acl.resourceType) && self.matchesName(acl)
            && isEqual(self.principal, acl.principal) && isEqual(self.host, acl.host)
            && isEqual(self.operation, acl.operation) && isEqual(self.permission, acl.permission)
    }

    private func matchesName(_ acl: ACL) -> Bool {
        switch self.pattern {
        case .literal where acl.pattern != .literal: return false
        case .prefixed where acl.pattern != .prefixed: return false
        default: break
        }
        guard let name = self.resourceName else { return true }
        guard self.pattern == .match else { return acl.resourceName == name }
        return acl.concerns(Resource(type: acl.resourceType, name: name))
    }
}
