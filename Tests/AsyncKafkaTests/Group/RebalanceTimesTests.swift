// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct RebalanceTimesTests {
    private var times = RebalanceTimes()

    private mutating func observe(_ phase: RebalanceTimes.Phase, at seconds: Int64) {
        self.times.observe(phase) { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
    }

    @Test mutating func aRebalanceLastsUntilTheMemberHasItsAssignment() {
        self.observe(.outside, at: 1)
        self.observe(.inProgress, at: 2)
        self.observe(.inProgress, at: 4)
        #expect(self.times.count == 0 && self.times.begun == MonotonicTime(nanoseconds: 2_000_000_000))
        self.observe(.settled, at: 5)
        self.observe(.settled, at: 6)
        self.observe(.inProgress, at: 10)
        self.observe(.settled, at: 11)
        #expect(self.times.count == 2 && self.times.total == .seconds(4) && self.times.last == .seconds(1))
    }

    @Test mutating func aRebalanceThatTheMemberLeavesTakesTimeButDoesNotCount() {
        self.observe(.inProgress, at: 2)
        self.observe(.outside, at: 5)
        #expect(self.times.count == 0 && self.times.total == .seconds(3) && self.times.last == nil)
        #expect(self.times.begun == nil)
    }
}
