// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the cluster (KIP-700, Kafka 2.8).
struct DescribeClusterCall: Call {
    typealias Request = DescribeClusterRequest

    var includesFencedBrokers: Bool
    var includesAuthorizedOperations: Bool

    var doing: String { "describing the cluster" }

    static func noFencedBrokers(_ broker: String?) -> KafkaError {
        KafkaError(
            .unsupportedVersion, "The broker doesn't list fenced brokers, which came with Kafka 4.0.", broker: broker)
    }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> DescribeClusterRequest {
        guard recipient.version >= 2 || !self.includesFencedBrokers else {
            throw Self.noFencedBrokers(recipient.broker.description)
        }
        var request = DescribeClusterRequest()
        request.includeClusterAuthorizedOperations = self.includesAuthorizedOperations
        request.includeFencedBrokers = self.includesFencedBrokers
        return request
    }

    func outcomes(
        of response: DescribeClusterResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<ClusterDescription>] {
        guard response.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        func brokers(areFenced: Bool) -> [Broker] {
            response.brokers.filter { $0.isFenced == areFenced }.sorted { $0.brokerId < $1.brokerId }.map {
                Broker(id: $0.brokerId, host: $0.host, port: Int($0.port), rack: $0.rack)
            }
        }
        return [
            OnlyItem(): .done(
                ClusterDescription(
                    id: response.clusterId.isEmpty ? nil : response.clusterId,
                    controller: response.controllerId >= 0 ? response.controllerId : nil,
                    brokers: brokers(areFenced: false),
                    fencedBrokers: self.includesFencedBrokers ? brokers(areFenced: true) : nil,
                    authorizedOperations: self.includesAuthorizedOperations
                        ? Set(bits: response.clusterAuthorizedOperations) : nil))
        ]
    }
}
