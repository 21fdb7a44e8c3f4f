// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

@testable import AsyncKafka

extension SubscriptionState {
    /// Processes a broker's answer that is for one partition only.
    mutating func fetched(
        _ fetch: PlannedFetch, _ answer: FetchAnswer, from broker: Int32, now: MonotonicTime, backoff: Duration
    ) -> Wakening {
        let whole = FetchedAnswer(byteCount: answer.chunk?.byteCount ?? 0, in: self.held)
        return self.fetched(fetch, answer, of: whole, from: broker, now: now, backoff: backoff)
    }
}
