// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension SubscriptionState {
    /// Handles an answer that exceeded the maximum response size and was not read. Brokers return the first batch
    /// completely, however few bytes were requested. Only for a partition that was fetched alone, on a connection
    /// without other requests, is it certain whose batch is too large.
    mutating func answerTooLarge(
        _ fetches: [PlannedFetch], _ error: KafkaError, retryAt time: MonotonicTime
    ) -> Wakening {
        self.hasAskedAlone = true
        for fetch in fetches where self.partitions[fetch.partition]?.incarnation == fetch.incarnation {
            self.partitions[fetch.partition]?.isAskedAlone = true
            self.partitions[fetch.partition]?.isAskedBeside = false
            guard fetches.count == 1, !fetch.isBeside else { continue }
            self.partitions[fetch.partition]?.failure = error.asRecordTooLarge(in: fetch.partition)
            self.partitions[fetch.partition]?.notBefore = time
        }
        return [.reader, .fetchers]
    }
}
