// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Pushes the client's metrics to a broker.
struct PushTelemetryCall: Call {
    typealias Request = PushTelemetryRequest

    var subscription: TelemetrySubscription
    var isLast: Bool
    var compression: CompressionCodec
    /// Encoded and compressed.
    var metrics: Bytes

    var doing: String { "pushing metrics" }
    /// The increases in it would count twice.
    var isRepeatable: Bool { false }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> PushTelemetryRequest {
        var request = PushTelemetryRequest()
        request.clientInstanceId = self.subscription.clientInstanceID
        request.subscriptionId = self.subscription.id
        request.terminating = self.isLast
        request.compressionType = self.compression.rawValue
        request.metrics = self.metrics
        return request
    }

    func outcomes(
        of response: PushTelemetryResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        guard response.errorCode == .none else {
            return [OnlyItem(): self.refused(response.errorCode, OnlyItem(), by: recipient)]
        }
        return [OnlyItem(): .done(())]
    }
}
