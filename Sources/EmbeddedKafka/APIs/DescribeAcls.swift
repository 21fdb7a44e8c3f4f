// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeAclsEndpoint: Endpoint {
    static let name = "DescribeAcls"

    static func access(_ request: DescribeAclsRequest) -> Access { .needs(.describe, .cluster) }

    static func handle(_ request: DescribeAclsRequest, _ call: Call) {
        do throws(BrokerError) {
            guard let table = call.cluster.acls else { throw ACL.noAuthorizer }
            let filter = try ACLFilter(
                resourceType: request.resourceTypeFilter, resourceName: request.resourceNameFilter,
                pattern: request.patternTypeFilter, principal: request.principalFilter, host: request.hostFilter,
                operation: request.operation, permission: request.permissionType)
            call.answer(self.response(table.all.filter(filter.matches)))
        } catch {
            var response = DescribeAclsResponse()
            response.errorCode = error.code
            response.errorMessage = error.message
            call.answer(response)
        }
    }

    private struct Place: Hashable {
        var type: ACL.ResourceType
        var name: String
        var pattern: ACL.Pattern
    }

    private static func response(_ acls: Set<ACL>) -> DescribeAclsResponse {
        let places = Dictionary(grouping: acls) {
            Place(type: $0.resourceType, name: $0.resourceName, pattern: $0.pattern)
        }
        var response = DescribeAclsResponse()
        response.errorMessage = nil
        response.resources = places.map { place, acls in
            var resource = DescribeAclsResponse.DescribeAclsResource()
            resource.resourceType = place.type.rawValue
            resource.resourceName = place.name
            resource.patternType = place.pattern.rawValue
            resource.acls = acls.map { acl in
                var described = DescribeAclsResponse.AclDescription()
                described.principal = acl.principal
                described.host = acl.host
                described.operation = acl.operation.rawValue
                described.permissionType = acl.permission.rawValue
                return described
            }
            return resource
        }
        return response
    }

    static func fail(_ request: DescribeAclsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeAclsResponse()
        response.errorCode = error
        response.errorMessage = nil
        call.answer(response)
    }
}

extension ACLFilter {
    /// The number that stands for all values of a field.
    private static let anything: Int8 = 1

    /// Throws Kafka's error for numbers that it doesn't know.
    init(
        resourceType: Int8, resourceName: String?, pattern: Int8, principal: String?, host: String?, operation: Int8,
        permission: Int8
    ) throws(BrokerError) {
        func value<Value: RawRepresentable<Int8>>(_ number: Int8, _ type: Value.Type) throws(BrokerError) -> Value? {
            if number == Self.anything { return nil }
            if let value = Value(rawValue: number) { return value }
            throw BrokerError(.invalidRequest, "The filter has the unknown number \(number).")
        }
        guard let pattern = PatternFilter(rawValue: pattern) else {
            throw BrokerError(.invalidRequest, "The filter has the unknown pattern type \(pattern).")
        }
        self.init(
            resourceType: try value(resourceType, ACL.ResourceType.self), resourceName: resourceName, pattern: pattern,
            principal: principal, host: host, operation: try value(operation, ACL.Operation.self),
            permission: try value(permission, ACL.Permission.self))
    }
}
