// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@Suite struct DequeTests {
    @Test func aDequeBehavesLikeAnArrayUnderRandomUse() {
        var generator = SystemRandomNumberGenerator()
        var deque = Deque<Int>()
        var model: [Int] = []
        for step in 0..<10_000 {
            switch UInt8.random(in: 0..<5, using: &generator) {
            case 0, 1:
                deque.append(step)
                model.append(step)
            case 2:
                deque.prepend(step)
                model.insert(step, at: 0)
            default:
                let expected = model.isEmpty ? nil : model.removeFirst()
                let popped = deque.popFirst()
                #expect(popped == expected)
            }
            #expect(deque.count == model.count)
            #expect(deque.first == model.first)
        }
        #expect(Array(deque) == model)
        let all = deque.removeAll()
        #expect(all == model)
        #expect(deque.isEmpty)
    }
}
