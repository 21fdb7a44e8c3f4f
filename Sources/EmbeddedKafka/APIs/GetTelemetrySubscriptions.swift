// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Returns which metrics the brokers want of a client (KIP-714).
enum GetTelemetrySubscriptionsEndpoint: Endpoint {
    static let name = "GetTelemetrySubscriptions"

    static func access(_ request: GetTelemetrySubscriptionsRequest) -> Access { .open }

    static func handle(_ request: GetTelemetrySubscriptionsRequest, _ call: Call) {
        guard let subscription = call.cluster.configuration.metricsSubscription else {
            self.fail(request, .invalidRequest, call)
            return
        }
        var response = GetTelemetrySubscriptionsResponse()
        response.clientInstanceId =
            request.clientInstanceId == .zero ? call.cluster.randomUUID() : request.clientInstanceId
        response.subscriptionId = MetricsReceiver.subscriptionID
        response.acceptedCompressionTypes = subscription.compressions.map(\.rawValue)
        response.pushIntervalMs = Int32(clamping: Int64(subscription.interval / .milliseconds(1)))
        response.telemetryMaxBytes = Int32(clamping: subscription.maxBytes)
        response.deltaTemporality = subscription.usesIncreases
        response.requestedMetrics = subscription.prefixes
        call.answer(response)
    }

    static func fail(_ request: GetTelemetrySubscriptionsRequest, _ error: ErrorCode, _ call: Call) {
        var response = GetTelemetrySubscriptionsResponse()
        response.errorCode = error
        call.answer(response)
    }
}
