// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum CreateAclsEndpoint: Endpoint {
    static let name = "CreateAcls"

    static func access(_ request: CreateAclsRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: CreateAclsRequest, _ call: Call) {
        self.answer(request, call) { creation throws(BrokerError) in
            guard call.cluster.acls != nil else { throw ACL.noAuthorizer }
            call.cluster.acls?.add(try ACL(creation))
        }
    }

    private static func answer(
        _ request: CreateAclsRequest, _ call: Call,
        _ create: (CreateAclsRequest.AclCreation) throws(BrokerError) -> Void
    ) {
        var response = CreateAclsResponse()
        for creation in request.creations {
            var result = CreateAclsResponse.AclCreationResult()
            result.errorMessage = nil
            do throws(BrokerError) {
                try create(creation)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.results.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: CreateAclsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}

extension ACL {
    /// The error of the APIs for ACLs in a cluster that has none.
    static let noAuthorizer = BrokerError(.securityDisabled, "The cluster has no authorizer, so it has no ACLs.")

    /// Validates an ACL as Kafka does.
    fileprivate init(_ creation: CreateAclsRequest.AclCreation) throws(BrokerError) {
        guard let type = ResourceType(rawValue: creation.resourceType) else {
            throw BrokerError(.invalidRequest, "There are no resources of type \(creation.resourceType).")
        }
        guard let pattern = Pattern(rawValue: creation.resourcePatternType) else {
            throw BrokerError(.invalidRequest, "An ACL's pattern is literal or prefixed.")
        }
        guard let operation = Operation(rawValue: creation.operation) else {
            throw BrokerError(.invalidRequest, "There is no operation \(creation.operation).")
        }
        guard let permission = Permission(rawValue: creation.permissionType) else {
            throw BrokerError(.invalidRequest, "An ACL allows or denies.")
        }
        guard !creation.resourceName.isEmpty else { throw BrokerError(.invalidRequest, "The resource has no name.") }
        guard type != .cluster || creation.resourceName == Resource.cluster.name else {
            throw BrokerError(.invalidRequest, "The only cluster's name is \(Resource.cluster.name).")
        }
        guard creation.principal.split(separator: ":", maxSplits: 1).count == 2 else {
            throw BrokerError(.invalidRequest, "'\(creation.principal)' is no principal such as User:alice.")
        }
        guard !creation.host.isEmpty else { throw BrokerError(.invalidRequest, "The host is empty.") }
        self.init(
            resourceType: type, resourceName: creation.resourceName, pattern: pattern, principal: creation.principal,
            host: creation.host, operation: operation, permission: permission)
    }
}
