// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The permission that a request needs.
enum Access {
    /// None.
    case open
    /// An operation on one resource. Without it, the whole request is refused.
    case needs(ACL.Operation, Resource)
    /// One for each item of the request. The endpoint asks for it.
    case byItem
}

extension Resource {
    /// The error of a request that may not use the resource.
    var refusal: ErrorCode {
        switch self.type {
        case .topic: .topicAuthorizationFailed
        case .group: .groupAuthorizationFailed
        case .cluster: .clusterAuthorizationFailed
        case .transactionalID: .transactionalIdAuthorizationFailed
        case .delegationToken, .user: .delegationTokenAuthorizationFailed
        }
    }
}

extension Call {
    /// The client, as ACLs name it.
    var principal: String { self.connection.principal }

    /// Returns whether the client may perform an operation. Without an authorizer it may do everything.
    func permits(_ operation: ACL.Operation, _ resource: Resource) -> Bool {
        self.cluster.acls?.permits(self.principal, at: self.broker.host, operation, on: resource) ?? true
    }

    /// Returns whether the client may perform an operation on any resource of a type.
    func permits(_ operation: ACL.Operation, onAny type: ACL.ResourceType) -> Bool {
        self.cluster.acls?.permits(self.principal, at: self.broker.host, operation, onAny: type) ?? true
    }

    /// Throws Kafka's error if the client may not perform an operation.
    func require(_ operation: ACL.Operation, _ resource: Resource) throws(BrokerError) {
        guard self.permits(operation, resource) else {
            throw BrokerError(resource.refusal, "\(self.principal) may not do this.")
        }
    }

    /// Returns the operations that the client may perform on a resource, as the bits of a number (KIP-430).
    func permittedOperations(on resource: Resource) -> Int32 {
        ACL.Operation.allCases.reduce(0) { bits, operation in
            guard resource.type.operations.contains(operation), self.permits(operation, resource) else { return bits }
            return bits | 1 << Int32(operation.rawValue)
        }
    }
}

extension ACL.ResourceType {
    /// The operations that exist for resources of the type.
    var operations: [ACL.Operation] {
        switch self {
        case .topic: [.read, .write, .create, .describe, .delete, .alter, .describeConfigs, .alterConfigs]
        case .group: [.read, .describe, .delete, .describeConfigs, .alterConfigs]
        case .cluster:
            [.create, .clusterAction, .describeConfigs, .alterConfigs, .idempotentWrite, .alter, .describe]
        case .transactionalID: [.describe, .write, .twoPhaseCommit]
        case .delegationToken: [.describe]
        case .user: [.createTokens, .describeTokens]
        }
    }
}
