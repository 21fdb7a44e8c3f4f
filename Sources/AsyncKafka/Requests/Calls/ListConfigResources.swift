// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct ListConfigResourcesCall: Call {
    typealias Request = ListConfigResourcesRequest

    /// The kinds to list. Nil for all.
    var kinds: Set<ConfigResource.Kind>?

    /// The first version with other kinds than client metrics subscriptions (KIP-1142, Kafka 4.1).
    private static let firstWithKinds: Int16 = 1

    var doing: String { "listing resources" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> ListConfigResourcesRequest {
        var request = ListConfigResourcesRequest()
        if recipient.version >= Self.firstWithKinds {
            request.resourceTypes = (self.kinds ?? []).map(\.rawValue).sorted()
        } else if self.kinds != [.clientMetrics] {
            throw KafkaError(
                .unsupportedVersion,
                "The broker lists client metrics subscriptions only; other kinds of resources came with Kafka 4.1.",
                broker: recipient.broker.description)
        }
        return request
    }

    func outcomes(
        of response: ListConfigResourcesResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<[ConfigResource]>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        return [
            OnlyItem(): .done(
                response.configResources.map {
                    ConfigResource(ConfigResource.Kind(rawValue: $0.resourceType), $0.resourceName)
                })
        ]
    }
}
