// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension SubscriptionState {
    /// The answer to a fetch was larger than this client takes, and was not read: brokers send the first batch whole, however
    /// little was asked for. Whose batch it was can be told only of a partition that was asked for alone, on a connection where
    /// nothing else is asked.
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
