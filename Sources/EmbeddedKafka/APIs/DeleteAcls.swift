// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DeleteAclsEndpoint: Endpoint {
    static let name = "DeleteAcls"

    static func access(_ request: DeleteAclsRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: DeleteAclsRequest, _ call: Call) {
        self.answer(request, call) { wanted throws(BrokerError) in
            guard call.cluster.acls != nil else { throw ACL.noAuthorizer }
            let filter = try ACLFilter(
                resourceType: wanted.resourceTypeFilter, resourceName: wanted.resourceNameFilter,
                pattern: wanted.patternTypeFilter, principal: wanted.principalFilter, host: wanted.hostFilter,
                operation: wanted.operation, permission: wanted.permissionType)
            return call.cluster.acls?.remove(filter) ?? []
        }
    }

    private static func answer(
        _ request: DeleteAclsRequest, _ call: Call,
        _ delete: (DeleteAclsRequest.DeleteAclsFilter) throws(BrokerError) -> [ACL]
    ) {
        var response = DeleteAclsResponse()
        for filter in request.filters {
            var result = DeleteAclsResponse.DeleteAclsFilterResult()
            result.errorMessage = nil
            do throws(BrokerError) {
                result.matchingAcls = try delete(filter).map(self.deleted)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.filterResults.append(result)
        }
        call.answer(response)
    }

    private static func deleted(_ acl: ACL) -> DeleteAclsResponse.DeleteAclsMatchingAcl {
        var deleted = DeleteAclsResponse.DeleteAclsMatchingAcl()
        deleted.errorMessage = nil
        deleted.resourceType = acl.resourceType.rawValue
        deleted.resourceName = acl.resourceName
        deleted.patternType = acl.pattern.rawValue
        deleted.principal = acl.principal
        deleted.host = acl.host
        deleted.operation = acl.operation.rawValue
        deleted.permissionType = acl.permission.rawValue
        return deleted
    }

    static func fail(_ request: DeleteAclsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}
