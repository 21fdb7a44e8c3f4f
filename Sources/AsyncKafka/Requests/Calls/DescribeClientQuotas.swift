// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the quotas of the entities that a filter selects (KIP-546).
struct DescribeClientQuotasCall: Call {
    typealias Request = DescribeClientQuotasRequest
    typealias Value = [ClientQuotaEntity: [ClientQuota: Double]]

    var filter: ClientQuotaFilter

    var doing: String { "describing client quotas" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> DescribeClientQuotasRequest {
        var request = DescribeClientQuotasRequest()
        request.strict = !self.filter.allowsOtherParts
        request.components = self.filter.conditions.map { kind, condition in
            var component = DescribeClientQuotasRequest.ComponentData()
            component.entityType = kind.rawValue
            switch condition {
            case .named(let name): (component.matchType, component.match) = (0, name)
            case .default: (component.matchType, component.match) = (1, nil)
            case .any: (component.matchType, component.match) = (2, nil)
            }
            return component
        }
        return request
    }

    func outcomes(
        of response: DescribeClientQuotasResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Value>] {
        guard response.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        var quotas: Value = [:]
        for entry in response.entries ?? [] {
            let parts = entry.entity.map {
                (ClientQuotaEntity.Kind(rawValue: $0.entityType), ClientQuotaEntity.Name(kafkaName: $0.entityName))
            }
            let entity = ClientQuotaEntity(Dictionary(parts) { $1 })
            for quota in entry.values { quotas[entity, default: [:]][ClientQuota(rawValue: quota.key)] = quota.value }
        }
        return [OnlyItem(): .done(quotas)]
    }
}
