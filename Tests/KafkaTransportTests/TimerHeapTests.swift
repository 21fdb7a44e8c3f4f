// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@Suite struct TimerHeapTests {
    /// Compared with a list that is searched linearly.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func theHeapBehavesLikeASortedList(seed: UInt64) throws {
        struct Expected {
            let deadline: Int64
            let number: Int
            let key: TimerHeap.Key
        }
        var random = SplitMix(state: seed)
        var heap = TimerHeap()
        var expected: [Expected] = []
        let ran = Lock<Int?>(nil)
        var gone: [TimerHeap.Key] = []
        for number in 0..<5000 {
            switch random.next() % 8 {
            case 0..<4:
                let deadline = Int64(random.next() % 1000)
                let key = heap.insert(deadline: MonotonicTime(nanoseconds: deadline)) { ran.withLock { $0 = number } }
                expected.append(Expected(deadline: deadline, number: number, key: key))
            case 4..<6:
                guard !expected.isEmpty else { continue }
                let removed = expected.remove(at: Int(random.next() % UInt64(expected.count)))
                try #require(heap.remove(removed.key) != nil)
                gone.append(removed.key)
            case 6:
                // The key of a removed timer removes no other timer.
                if let key = gone.randomElement(using: &random) { #expect(heap.remove(key) == nil) }
            default:
                let now = Int64(random.next() % 1000)
                let body = heap.popDue(now: MonotonicTime(nanoseconds: now))
                let due = expected.filter { $0.deadline <= now }.min {
                    ($0.deadline, $0.number) < ($1.deadline, $1.number)
                }
                ran.withLock { $0 = nil }
                body?()
                #expect(ran.withLock { $0 } == due?.number)
                if let due {
                    expected.removeAll { $0.number == due.number }
                    gone.append(due.key)
                }
            }
            #expect(heap.count == expected.count)
            #expect(heap.earliest?.nanoseconds == expected.map(\.deadline).min())
        }
        let rest = heap.removeAll().map { body in
            body()
            return ran.withLock { $0 }
        }
        #expect(rest == expected.sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }.map(\.number))
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state &+= 0x9e37_79b9_7f4a_7c15
            var z = self.state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
