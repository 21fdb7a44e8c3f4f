// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Changes quotas. Those with an effect are `producer_byte_rate`, `consumer_byte_rate` and `controller_mutation_rate`; the
/// others are only stored.
enum AlterClientQuotasEndpoint: Endpoint {
    static let name = "AlterClientQuotas"

    private typealias EntityData = AlterClientQuotasRequest.EntityData

    static func access(_ request: AlterClientQuotasRequest) -> Access { .needs(.alterConfigs, .cluster) }

    static func handle(_ request: AlterClientQuotasRequest, _ call: Call) {
        self.answer(request, call) { entry throws(BrokerError) in
            let entity = try self.entity(entry.entity)
            var changes: [QuotaTable.Key: Double?] = [:]
            for operation in entry.ops {
                guard let key = QuotaTable.Key(rawValue: operation.key), key.isOfAddress == (entity.ip != nil) else {
                    throw BrokerError(.invalidRequest, "Such clients have no quota \(operation.key).")
                }
                guard changes[key] == nil else {
                    throw BrokerError(.invalidRequest, "The request changes \(operation.key) more than once.")
                }
                guard operation.remove || operation.value > 0 && operation.value.isFinite else {
                    throw BrokerError(.invalidRequest, "\(operation.key) must be a number more than 0.")
                }
                guard operation.remove || !key.isWhole || Int64(exactly: operation.value) != nil else {
                    throw BrokerError(.invalidRequest, "\(operation.key) must be a whole number.")
                }
                changes[key] = .some(operation.remove ? nil : operation.value)
            }
            guard !request.validateOnly else { return }
            for (key, value) in changes { call.cluster.quotas.table.set(value, key, of: entity) }
        }
    }

    private static func entity(_ parts: [EntityData]) throws(BrokerError) -> QuotaEntity {
        var entity = QuotaEntity()
        for part in parts {
            if part.entityName?.isEmpty == true {
                throw BrokerError(.invalidRequest, "The name of a \(part.entityType) is empty.")
            }
            let name = part.entityName.map { QuotaEntity.Name.named($0) } ?? .byDefault
            guard let place = QuotaEntity.part(part.entityType) else {
                throw BrokerError(.invalidRequest, "There are no quotas of a '\(part.entityType)'.")
            }
            guard entity[keyPath: place] == nil else {
                throw BrokerError(.invalidRequest, "The request names two of \(part.entityType).")
            }
            entity[keyPath: place] = name
        }
        guard !entity.isEmpty, entity.ip == nil || entity.user == nil && entity.clientID == nil else {
            throw BrokerError(.invalidRequest, "A quota is for a user, a client-id, both, or an ip.")
        }
        return entity
    }

    private static func answer(
        _ request: AlterClientQuotasRequest, _ call: Call,
        _ change: (AlterClientQuotasRequest.EntryData) throws(BrokerError) -> Void
    ) {
        var response = AlterClientQuotasResponse()
        for entry in request.entries {
            var result = AlterClientQuotasResponse.EntryData()
            result.errorMessage = nil
            result.entity = entry.entity.map { part in
                var named = AlterClientQuotasResponse.EntityData()
                named.entityType = part.entityType
                named.entityName = part.entityName
                return named
            }
            do throws(BrokerError) {
                try change(entry)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.entries.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: AlterClientQuotasRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}

extension QuotaEntity {
    /// The parts of an entity, by Kafka's names.
    static let parts: [(type: String, place: any WritableKeyPath<QuotaEntity, Name?> & Sendable)] = [
        ("user", \.user), ("client-id", \.clientID), ("ip", \.ip),
    ]

    static func part(_ type: String) -> (any WritableKeyPath<QuotaEntity, Name?> & Sendable)? {
        self.parts.first { $0.type == type }?.place
    }
}
