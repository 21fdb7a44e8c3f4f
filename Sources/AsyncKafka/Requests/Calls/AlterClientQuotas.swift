// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Sets and removes quotas (KIP-546). An item is an entity.
struct AlterClientQuotasCall: Call {
    typealias Request = AlterClientQuotasRequest

    var changes: [ClientQuotaEntity: [ClientQuotaChange]]
    var validateOnly: Bool

    var doing: String { self.validateOnly ? "validating changes of client quotas" : "changing client quotas" }

    var hasEffect: Bool { !self.validateOnly }

    func destination(of entity: ClientQuotaEntity) -> Destination { .anyBroker }

    func request(
        for entities: [ClientQuotaEntity], to recipient: Recipient
    ) throws(KafkaError) -> AlterClientQuotasRequest {
        var request = AlterClientQuotasRequest()
        request.validateOnly = self.validateOnly
        request.entries = entities.map { entity in
            var entry = AlterClientQuotasRequest.EntryData()
            entry.entity = entity.orderedParts.map { kind, name in
                var part = AlterClientQuotasRequest.EntityData()
                part.entityType = kind.rawValue
                part.entityName = name.kafkaName
                return part
            }
            entry.ops = (self.changes[entity] ?? []).map { change in
                var operation = AlterClientQuotasRequest.OpData()
                switch change {
                case .set(let quota, let value):
                    operation.key = quota.rawValue
                    operation.value = value
                case .remove(let quota):
                    operation.key = quota.rawValue
                    operation.remove = true
                }
                return operation
            }
            return entry
        }
        return request
    }

    func outcomes(
        of response: AlterClientQuotasResponse, to entities: [ClientQuotaEntity], from recipient: Recipient
    ) -> [ClientQuotaEntity: CallOutcome<Void>] {
        var outcomes: [ClientQuotaEntity: CallOutcome<Void>] = [:]
        for answer in response.entries {
            let parts = answer.entity.map {
                (ClientQuotaEntity.Kind(rawValue: $0.entityType), ClientQuotaEntity.Name(kafkaName: $0.entityName))
            }
            let entity = ClientQuotaEntity(Dictionary(parts) { $1 })
            outcomes[entity] =
                answer.errorCode == .none
                ? .done(()) : self.refused(answer.errorCode, entity, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about entity: ClientQuotaEntity) {
        error.message += " (It is about \(entity).)"
    }
}
