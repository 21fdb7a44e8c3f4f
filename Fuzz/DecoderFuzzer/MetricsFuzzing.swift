// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Fuzzes the decoder of the metrics that clients push.
func fuzzMetrics(_ bytes: Bytes) {
    guard let data = try? MetricsData(decoding: bytes) else { return }
    // Compared in their encoded form, since a value may be no number.
    let encoded = data.encoded
    guard let again = try? MetricsData(decoding: encoded) else { preconditionFailure("what was written can't be read") }
    precondition(again.encoded == encoded)
}
