// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the features of the cluster, which brokers tell with the versions of their APIs (KIP-584).
struct DescribeFeaturesCall: Call {
    typealias Request = ApiVersionsRequest

    var doing: String { "describing features" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> ApiVersionsRequest {
        var request = ApiVersionsRequest()
        if recipient.version >= 3 {
            request.clientSoftwareName = BrokerConnection.softwareName
            request.clientSoftwareVersion = BrokerConnection.softwareVersion
        }
        return request
    }

    func outcomes(
        of response: ApiVersionsResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<FeatureMetadata>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        var features = FeatureMetadata(finalized: [:], supported: [:])
        for feature in response.finalizedFeatures { features.finalized[feature.name] = feature.maxVersionLevel }
        for feature in response.supportedFeatures where feature.minVersion <= feature.maxVersion {
            features.supported[feature.name] = feature.minVersion...feature.maxVersion
        }
        if response.finalizedFeaturesEpoch >= 0 { features.finalizedEpoch = response.finalizedFeaturesEpoch }
        return [OnlyItem(): .done(features)]
    }
}
