// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Asks which of the client's metrics the broker wants.
struct GetTelemetrySubscriptionsCall: Call {
    typealias Request = GetTelemetrySubscriptionsRequest

    /// The ID that a broker gave this client before; zero at first.
    var clientInstanceID: KafkaUUID

    var doing: String { "asking which metrics the broker wants" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(
        for items: [OnlyItem], to recipient: Recipient
    ) throws(KafkaError) -> GetTelemetrySubscriptionsRequest {
        var request = GetTelemetrySubscriptionsRequest()
        request.clientInstanceId = self.clientInstanceID
        return request
    }

    func outcomes(
        of response: GetTelemetrySubscriptionsResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<TelemetrySubscription>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        return [OnlyItem(): .done(TelemetrySubscription(response, of: self.clientInstanceID))]
    }
}

extension TelemetrySubscription {
    fileprivate init(_ response: GetTelemetrySubscriptionsResponse, of clientInstanceID: KafkaUUID) {
        self.init(
            clientInstanceID: response.clientInstanceId == .zero ? clientInstanceID : response.clientInstanceId,
            id: response.subscriptionId,
            compressions: response.acceptedCompressionTypes.compactMap(CompressionCodec.init(rawValue:)),
            interval: response.pushIntervalMs > 0
                ? max(.milliseconds(response.pushIntervalMs), Self.shortestInterval) : Self.usualInterval,
            maxBytes: response.telemetryMaxBytes > 0 ? Int(response.telemetryMaxBytes) : .max,
            isDelta: response.deltaTemporality, prefixes: response.requestedMetrics)
    }
}
