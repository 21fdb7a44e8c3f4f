// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Changes the versions of features (KIP-584). An item is the name of a feature.
struct UpdateFeaturesCall: Call {
    typealias Request = UpdateFeaturesRequest

    var updates: [String: FeatureUpdate]
    var validateOnly: Bool
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { self.validateOnly ? "validating changes of features" : "changing features" }
    var isRepeatable: Bool { false }
    var hasEffect: Bool { !self.validateOnly }

    func destination(of feature: String) -> Destination { .controller }

    func request(for features: [String], to recipient: Recipient) throws(KafkaError) -> UpdateFeaturesRequest {
        guard recipient.version >= 1 || !self.validateOnly else {
            throw KafkaError(
                .unsupportedVersion, "The broker can't only validate changes of features, which came with Kafka 3.3.",
                broker: recipient.broker.description)
        }
        var request = UpdateFeaturesRequest()
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.validateOnly = self.validateOnly
        request.featureUpdates = features.compactMap { feature in
            guard let update = self.updates[feature] else { return nil }
            var key = UpdateFeaturesRequest.FeatureUpdateKey()
            key.feature = feature
            key.maxVersionLevel = update.level
            let type: Int8 =
                switch update {
                case .upgrade: 1
                case .downgrade: 2
                case .unsafeDowngrade: 3
                }
            if recipient.version >= 1 { key.upgradeType = type } else { key.allowDowngrade = type > 1 }
            return key
        }
        return request
    }

    func outcomes(
        of response: UpdateFeaturesResponse, to features: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Void>] {
        var outcomes: [String: CallOutcome<Void>] = [:]
        // From version 2 on, all changes are made or none, and there is only one result.
        if response.errorCode != .none || recipient.version >= 2 {
            for feature in features {
                outcomes[feature] =
                    response.errorCode == .none
                    ? .done(())
                    : self.refused(response.errorCode, feature, by: recipient, message: response.errorMessage)
            }
        }
        for answer in response.results where response.errorCode == .none {
            outcomes[answer.feature] =
                answer.errorCode == .none
                ? .done(())
                : self.refused(answer.errorCode, answer.feature, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about feature: String) {
        error.message += " (It is about the feature \(feature).)"
    }
}
