// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the access control entries that a filter selects.
struct DescribeACLsCall: Call {
    typealias Request = DescribeAclsRequest

    var filter: ACLBindingFilter

    var doing: String { "describing access control entries" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> DescribeAclsRequest {
        var request = DescribeAclsRequest()
        let codes = self.filter.codes
        request.resourceTypeFilter = codes.kind
        request.patternTypeFilter = codes.comparison
        request.resourceNameFilter = codes.name
        request.principalFilter = self.filter.principal?.description
        request.hostFilter = self.filter.host
        request.operation = codes.operation
        request.permissionType = codes.permission
        return request
    }

    func outcomes(
        of response: DescribeAclsResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<[ACLBinding]>] {
        guard response.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        let bindings = response.resources.flatMap { resource in
            let pattern = ResourcePattern(
                ResourcePattern.Kind(rawValue: resource.resourceType), resource.resourceName,
                ResourcePattern.Comparison(rawValue: resource.patternType))
            return resource.acls.map { entry in
                ACLBinding(
                    ACLBinding.Permission(rawValue: entry.permissionType),
                    KafkaPrincipal(kafkaText: entry.principal), ACLOperation(rawValue: entry.operation), on: pattern,
                    from: entry.host)
            }
        }
        return [OnlyItem(): .done(bindings.inReadingOrder)]
    }
}

extension ACLBindingFilter {
    /// The codes of a request. 1 stands for any.
    var codes: (kind: Int8, comparison: Int8, name: String?, operation: Int8, permission: Int8) {
        let (comparison, name): (Int8, String?) =
            switch self.name {
            case nil: (1, nil)
            case .equal(let name)?: (1, name)
            case .applying(let name)?: (2, name)
            case .literal(let name)?: (ResourcePattern.Comparison.literal.rawValue, name)
            case .prefixed(let name)?: (ResourcePattern.Comparison.prefixed.rawValue, name)
            }
        return (
            self.kind?.rawValue ?? 1, comparison, name, self.operation?.rawValue ?? 1, self.permission?.rawValue ?? 1
        )
    }
}

extension [ACLBinding] {
    /// The entries by resource, and the entries of a resource by principal and operation.
    var inReadingOrder: [ACLBinding] {
        self.sorted { left, right in
            if left.resource.kind != right.resource.kind {
                return left.resource.kind.rawValue < right.resource.kind.rawValue
            }
            if left.resource.name != right.resource.name { return left.resource.name < right.resource.name }
            if left.resource.comparison != right.resource.comparison {
                return left.resource.comparison.rawValue < right.resource.comparison.rawValue
            }
            let (first, second) = (left.principal.description, right.principal.description)
            if first != second { return first < second }
            if left.operation != right.operation { return left.operation.rawValue < right.operation.rawValue }
            if left.permission != right.permission { return left.permission.rawValue < right.permission.rawValue }
            return left.host < right.host
        }
    }
}
