// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The size of a topic's batches after rejections, and how it grows again.
@Suite struct LearnedBatchSizeTests {

    @Test func aRejectionHalvesTheSizeDownToALimit() {
        var size = LearnedBatchSize(16_384)
        var sizes: [Int] = []
        for _ in 0..<6 {
            _ = size.refused(size.current, now: .at(0))
            sizes.append(size.current)
        }
        #expect(sizes == [8192, 4096, 2048, 1024, 1024, 1024])
        _ = size.refused(10_000, now: .at(0))
        #expect(size.current == 1024, "a batch that was closed before")
        var tiny = LearnedBatchSize(500)
        _ = tiny.refused(400, now: .at(0))
        #expect(tiny.current == 500)
    }

    @Test func theSizeDoublesAMinuteAfterTheLastRejection() {
        var size = LearnedBatchSize(10_000)
        _ = size.refused(5000, now: .at(0))
        _ = size.refused(2500, now: .at(30))
        #expect(size.current == 1250)
        size.grow(now: .at(89))
        #expect(size.current == 1250)
        var sizes: [Int] = []
        for minute in 0..<5 as Range<Int64> {
            size.grow(now: .at(90 + 60 * minute))
            sizes.append(size.current)
            size.grow(now: .at(91 + 60 * minute))
        }
        #expect(sizes == [2500, 5000, 10_000, 10_000, 10_000])
    }

    @Test func aRejectedIncreaseIsUndone() {
        var size = LearnedBatchSize(8192)
        _ = size.refused(8192, now: .at(0))
        size.grow(now: .at(60))
        #expect(size.current == 8192)
        _ = size.refused(8000, now: .at(61))
        #expect(size.current == 4000)
        size.grow(now: .at(120))
        #expect(size.current == 4000)
        size.grow(now: .at(121))
        #expect(size.current == 8000)
    }

    @Test func theFirstRejectionIsReported() {
        var size = LearnedBatchSize(8192)
        var isTold = [size.refused(8192, now: .at(0)), size.refused(4096, now: .at(0))]
        size.grow(now: .at(60))
        isTold.append(size.refused(8192, now: .at(61)))
        #expect(isTold == [true, false, false])
    }

    /// As when `max.message.bytes` was set far too low and then corrected.
    @Test func aTopicWhoseLimitIsRaisedGetsLargeBatchesAgain() {
        var rig = AccumulatorRig(batchSize: 16 << 10)
        let value = Bytes(repeatElement(UInt8(1), count: 100))
        /// Sends everything, and returns the numbers of records of the stored batches.
        func write(_ count: Int, limit: Int) -> [Int] {
            for _ in 0..<count { rig.append(value) }
            rig.flush()
            var counts: [Int] = []
            while true {
                let requests = rig.pump()
                if requests.isEmpty { return counts }
                for request in requests {
                    let batch = request.transmissions[0].batch
                    let isRefused = batch.records.byteCount > limit && batch.count > 1
                    if !isRefused { counts.append(batch.count) }
                    rig.answer(request, isRefused ? .messageTooLarge : .none)
                }
            }
        }
        #expect(write(100, limit: .max) == [100])
        let small = write(200, limit: 200)
        #expect(small.allSatisfy { $0 == 1 })
        #expect(small.count == 200)
        #expect(rig.decided.smallerBatches.map(\.topic) == ["t"])
        #expect(write(100, limit: .max).count > 5)
        for _ in 0..<6 {
            rig.now = rig.now + .seconds(61)
            _ = write(1, limit: .max)
        }
        #expect(write(100, limit: .max) == [100])
    }
}
