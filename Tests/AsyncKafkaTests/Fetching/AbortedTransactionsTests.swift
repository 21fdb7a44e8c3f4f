// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct AbortedTransactionsTests {
    private static func hides(_ aborted: inout AbortedTransactions, producerID: Int64, lastOffset: Int64) -> Bool {
        aborted.contains(producerID: producerID, lastOffset: lastOffset)
    }

    @Test func aProducersBatchesAreHiddenFromTheFirstOffsetToItsMarker() {
        var aborted = AbortedTransactions([(producerID: 7, firstOffset: 10)])
        #expect(!Self.hides(&aborted, producerID: 7, lastOffset: 9))
        #expect(Self.hides(&aborted, producerID: 7, lastOffset: 12))
        #expect(!Self.hides(&aborted, producerID: 8, lastOffset: 13))
        aborted.ended(producerID: 7, markerOffset: 14)
        #expect(!Self.hides(&aborted, producerID: 7, lastOffset: 20))
    }

    @Test func theListNeedNotBeSorted() {
        var aborted = AbortedTransactions([
            (producerID: 1, firstOffset: 50), (producerID: 2, firstOffset: 5), (producerID: 1, firstOffset: 10),
        ])
        #expect(Self.hides(&aborted, producerID: 2, lastOffset: 6))
        #expect(!Self.hides(&aborted, producerID: 1, lastOffset: 7))
        #expect(Self.hides(&aborted, producerID: 1, lastOffset: 11))
        aborted.ended(producerID: 1, markerOffset: 20)
        #expect(!Self.hides(&aborted, producerID: 1, lastOffset: 30))
        #expect(Self.hides(&aborted, producerID: 1, lastOffset: 51))
    }

    /// aiokafka #781: compaction may keep a marker whose transaction's records are gone.
    @Test func anAbortMarkerWithoutItsTransactionIsIgnored() {
        var aborted = AbortedTransactions()
        aborted.ended(producerID: 3, markerOffset: 4)
        #expect(!Self.hides(&aborted, producerID: 3, lastOffset: 5))
    }

    @Test func aMarkerEndsATransactionWhoseRecordsWereCompactedAway() {
        var aborted = AbortedTransactions([(producerID: 3, firstOffset: 4)])
        aborted.ended(producerID: 3, markerOffset: 9)
        #expect(!Self.hides(&aborted, producerID: 3, lastOffset: 12))
    }
}
