// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Each request and each answer, at `trace`. Nothing is computed for a log that doesn't want them.
extension BrokerConnection {
    func traceRequest(_ request: QueuedRequest, _ frame: [Bytes]) {
        self.logger(
            .trace, "Request",
            [
                (.api, "\(request.api)"), (.apiVersion, "\(request.version)"),
                (.size, "\(frame.reduce(0) { $0 + $1.count })"),
            ])
    }

    func traceAnswer(_ request: QueuedRequest, _ frame: Bytes) {
        self.logger(
            .trace, "Answer",
            [
                (.api, "\(request.api)"), (.apiVersion, "\(request.version)"), (.size, "\(frame.count)"),
                (.duration, "\(self.loop.now - request.writtenAt)"),
            ])
    }
}
