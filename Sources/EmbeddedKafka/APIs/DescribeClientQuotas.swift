// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeClientQuotasEndpoint: Endpoint {
    static let name = "DescribeClientQuotas"

    /// What a part of an entity must be, with Kafka's numbers.
    private enum Match: Int8 {
        case exact = 0
        case byDefault = 1
        case any = 2
    }

    static func access(_ request: DescribeClientQuotasRequest) -> Access { .needs(.describeConfigs, .cluster) }

    static func handle(_ request: DescribeClientQuotasRequest, _ call: Call) {
        do throws(BrokerError) {
            var wanted: [(QuotaEntity) -> Bool] = []
            var types: Set<String> = []
            for component in request.components {
                guard let place = QuotaEntity.part(component.entityType) else {
                    throw BrokerError(.unsupportedVersion, "There are no quotas of a '\(component.entityType)'.")
                }
                guard types.insert(component.entityType).inserted else {
                    throw BrokerError(.invalidRequest, "The request names \(component.entityType) more than once.")
                }
                guard let match = Match(rawValue: component.matchType) else {
                    throw BrokerError(.invalidRequest, "There is no match of type \(component.matchType).")
                }
                wanted.append { entity in
                    switch match {
                    case .exact: entity[keyPath: place] == .named(component.match ?? "")
                    case .byDefault: entity[keyPath: place] == .byDefault
                    case .any: entity[keyPath: place] != nil
                    }
                }
            }
            guard !types.contains("ip") || types.count == 1 else {
                throw BrokerError(.invalidRequest, "A quota of an ip isn't one of a user or client-id.")
            }
            var response = DescribeClientQuotasResponse()
            response.errorMessage = nil
            response.entries = call.cluster.quotas.table.all.compactMap { entity, values in
                guard wanted.allSatisfy({ $0(entity) }) else { return nil }
                let count = QuotaEntity.parts.count { entity[keyPath: $0.place] != nil }
                guard !request.strict || count == types.count else { return nil }
                return self.entry(entity, values)
            }
            call.answer(response)
        } catch {
            self.refuse(error, call)
        }
    }

    private static func entry(
        _ entity: QuotaEntity, _ values: [QuotaTable.Key: Double]
    ) -> DescribeClientQuotasResponse.EntryData {
        var entry = DescribeClientQuotasResponse.EntryData()
        entry.entity = QuotaEntity.parts.compactMap { type, place in
            guard let name = entity[keyPath: place] else { return nil }
            var part = DescribeClientQuotasResponse.EntityData()
            part.entityType = type
            part.entityName = if case .named(let name) = name { name } else { nil }
            return part
        }
        entry.values = values.sorted { $0.key.rawValue < $1.key.rawValue }.map { key, value in
            var shown = DescribeClientQuotasResponse.ValueData()
            shown.key = key.rawValue
            shown.value = value
            return shown
        }
        return entry
    }

    private static func refuse(_ error: BrokerError, _ call: Call) {
        var response = DescribeClientQuotasResponse()
        response.errorCode = error.code
        response.errorMessage = error.message
        response.entries = nil
        call.answer(response)
    }

    static func fail(_ request: DescribeClientQuotasRequest, _ error: ErrorCode, _ call: Call) {
        self.refuse(BrokerError(error), call)
    }
}
