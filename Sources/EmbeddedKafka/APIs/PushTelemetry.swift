// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Takes the metrics of a client (KIP-714).
enum PushTelemetryEndpoint: Endpoint {
    static let name = "PushTelemetry"

    static func access(_ request: PushTelemetryRequest) -> Access { .open }

    static func handle(_ request: PushTelemetryRequest, _ call: Call) {
        let error = call.cluster.metrics.take(request, from: call.clientID, now: call.cluster.loop.now)
        if error == .none { call.cluster.waiters.notice() }
        self.fail(request, error, call)
    }

    static func fail(_ request: PushTelemetryRequest, _ error: ErrorCode, _ call: Call) {
        var response = PushTelemetryResponse()
        response.errorCode = error
        call.answer(response)
    }
}
