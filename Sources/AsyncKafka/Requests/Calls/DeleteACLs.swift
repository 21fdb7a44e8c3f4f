// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Deletes the access control entries that filters select.
struct DeleteACLsCall: Call {
    typealias Request = DeleteAclsRequest

    var doing: String { "deleting access control entries" }
    /// A repeated request would be answered without the entries that the first one deleted.
    var isRepeatable: Bool { false }

    func destination(of filter: ACLBindingFilter) -> Destination { .anyBroker }

    func request(for filters: [ACLBindingFilter], to recipient: Recipient) throws(KafkaError) -> DeleteAclsRequest {
        var request = DeleteAclsRequest()
        request.filters = filters.map { filter in
            var entry = DeleteAclsRequest.DeleteAclsFilter()
            let codes = filter.codes
            entry.resourceTypeFilter = codes.kind
            entry.patternTypeFilter = codes.comparison
            entry.resourceNameFilter = codes.name
            entry.principalFilter = filter.principal?.description
            entry.hostFilter = filter.host
            entry.operation = codes.operation
            entry.permissionType = codes.permission
            return entry
        }
        return request
    }

    func outcomes(
        of response: DeleteAclsResponse, to filters: [ACLBindingFilter], from recipient: Recipient
    ) -> [ACLBindingFilter: CallOutcome<[ACLBinding]>] {
        // The results have the order of the filters.
        guard response.filterResults.count == filters.count else { return [:] }
        return Dictionary(
            zip(filters, response.filterResults).map { ($0, self.outcome(of: $1, $0, from: recipient)) }
        ) { first, _ in first }
    }

    private func outcome(
        of answer: DeleteAclsResponse.DeleteAclsFilterResult, _ filter: ACLBindingFilter, from recipient: Recipient
    ) -> CallOutcome<[ACLBinding]> {
        guard answer.errorCode == .none else {
            return self.refused(answer.errorCode, filter, by: recipient, message: answer.errorMessage)
        }
        // The other entries are deleted, so the deletion as a whole must not be repeated.
        if let kept = answer.matchingAcls.first(where: { $0.errorCode != .none }) {
            var error = KafkaError(
                kept.errorCode, doing: self.doing, broker: recipient.broker, brokerMessage: kept.errorMessage)
            let count = answer.matchingAcls.count { $0.errorCode != .none }
            error.message +=
                " (\(count) of \(answer.matchingAcls.count) entries could not be deleted, such as: \(kept.binding).)"
            error.isRetriable = false
            return .failed(error)
        }
        return .done(answer.matchingAcls.map(\.binding).inReadingOrder)
    }

    func annotate(_ error: inout KafkaError, about filter: ACLBindingFilter) {
        error.message += " (It is about: \(filter).)"
    }
}

extension DeleteAclsResponse.DeleteAclsMatchingAcl {
    fileprivate var binding: ACLBinding {
        ACLBinding(
            ACLBinding.Permission(rawValue: self.permissionType), KafkaPrincipal(kafkaText: self.principal),
            ACLOperation(rawValue: self.operation),
            on: ResourcePattern(
                ResourcePattern.Kind(rawValue: self.resourceType), self.resourceName,
                ResourcePattern.Comparison(rawValue: self.patternType)), from: self.host)
    }
}
