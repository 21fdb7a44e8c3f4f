// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Creates access control entries. An entry that exists already stays as it is.
struct CreateACLsCall: Call {
    typealias Request = CreateAclsRequest

    var doing: String { "creating access control entries" }

    func destination(of binding: ACLBinding) -> Destination { .anyBroker }

    func request(for bindings: [ACLBinding], to recipient: Recipient) throws(KafkaError) -> CreateAclsRequest {
        var request = CreateAclsRequest()
        request.creations = bindings.map { binding in
            var creation = CreateAclsRequest.AclCreation()
            creation.resourceType = binding.resource.kind.rawValue
            creation.resourceName = binding.resource.name
            creation.resourcePatternType = binding.resource.comparison.rawValue
            creation.principal = binding.principal.description
            creation.host = binding.host
            creation.operation = binding.operation.rawValue
            creation.permissionType = binding.permission.rawValue
            return creation
        }
        return request
    }

    func outcomes(
        of response: CreateAclsResponse, to bindings: [ACLBinding], from recipient: Recipient
    ) -> [ACLBinding: CallOutcome<Void>] {
        // The results have the order of the entries.
        guard response.results.count == bindings.count else { return [:] }
        return Dictionary(
            zip(bindings, response.results).map { binding, answer in
                let outcome: CallOutcome<Void> =
                    answer.errorCode == .none
                    ? .done(()) : self.refused(answer.errorCode, binding, by: recipient, message: answer.errorMessage)
                return (binding, outcome)
            }
        ) { first, _ in first }
    }

    func annotate(_ error: inout KafkaError, about binding: ACLBinding) {
        error.message += " (It is about: \(binding).)"
    }
}
