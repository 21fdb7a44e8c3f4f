// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The ACLs of a cluster, and the decisions by them, as Kafka's authorizer makes them.
///
/// A pure value.
struct ACLTable: Sendable {
    /// The users who may do everything, as principals such as `User:admin`.
    let superUsers: Set<String>
    /// Whether everyone may use a resource that no ACL concerns.
    let allowsIfNoACL: Bool
    private(set) var all: Set<ACL> = []

    init(superUsers: Set<String>, allowsIfNoACL: Bool) {
        self.superUsers = superUsers
        self.allowsIfNoACL = allowsIfNoACL
    }

    mutating func add(_ acl: ACL) {
        self.all.insert(acl)
    }

    /// Removes the ACLs that match a filter, and returns them.
    mutating func remove(_ filter: ACLFilter) -> [ACL] {
        let removed = self.all.filter(filter.matches)
        self.all.subtract(removed)
        return Array(removed)
    }

    /// Returns whether a principal may perform an operation on a resource. A denial has priority.
    func permits(_ principal: String, at host: String, _ operation: ACL.Operation, on resource: Resource) -> Bool {
        if self.superUsers.contains(principal) { return true }
        let concerned = self.all.filter { $0.concerns(resource) }
        guard !concerned.isEmpty else { return self.allowsIfNoACL }
        let ofPrincipal = concerned.filter { self.isFor($0, principal, host) }
        let isDenied = ofPrincipal.contains { acl in
            acl.permission == .deny && (acl.operation == operation || acl.operation == .all)
        }
        return !isDenied
            && ofPrincipal.contains { acl in
                acl.permission == .allow
                    && (acl.operation == operation || acl.operation == .all || Self.implies(acl.operation, operation))
            }
    }

    /// Returns whether a principal may perform an operation on any resource of a type, which need not exist.
    func permits(
        _ principal: String, at host: String, _ operation: ACL.Operation, onAny type: ACL.ResourceType
    ) -> Bool {
        if self.superUsers.contains(principal) { return true }
        let relevant = self.all.filter { acl in
            acl.resourceType == type && self.isFor(acl, principal, host)
                && (acl.operation == operation || acl.operation == .all)
        }
        let denied = relevant.filter { $0.permission == .deny }
        if denied.contains(where: { $0.pattern == .literal && $0.resourceName == ACL.any }) { return false }
        guard !self.allowsIfNoACL else { return true }
        return relevant.contains { acl in
            guard acl.permission == .allow else { return false }
            return !denied.contains { denial in
                switch denial.pattern {
                case .literal: acl.pattern == .literal && denial.resourceName == acl.resourceName
                case .prefixed: acl.resourceName.hasPrefix(denial.resourceName)
                }
            }
        }
    }

    private func isFor(_ acl: ACL, _ principal: String, _ host: String) -> Bool {
        (acl.principal == principal || acl.principal == ACL.everyone) && (acl.host == host || acl.host == ACL.any)
    }

    /// Returns whether the permission for one operation includes another.
    private static func implies(_ operation: ACL.Operation, _ other: ACL.Operation) -> Bool {
        switch other {
        case .describe: [.read, .write, .delete, .alter].contains(operation)
        case .describeConfigs: operation == .alterConfigs
        default: false
        }
    }
}
