// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct WaitingTasksTests {
    /// A task that waits many times, each time with a deadline, takes no more memory than one that waits once.
    @Test func placesAreUsedAgain() {
        var waiting = WaitingTasks<Int>()
        #expect(waiting.enter() == 0)
        #expect(waiting.enter() == 1)
        #expect((waiting.cancel(at: 0) == nil))
        #expect(waiting.enter() == 2, "its task has not left yet")
        waiting.leave(0)
        #expect(waiting.enter() == 0)
    }

    @Test func aTaskThatWasCancelledBeforeItSuspendsIsNotKept() async {
        let value: Int? = await withUnsafeContinuation { continuation in
            var waiting = WaitingTasks<Int>()
            let place = waiting.enter()
            _ = waiting.cancel(at: place)
            let isKept = waiting.suspend(continuation, at: place)
            #expect(!isKept)
            #expect(waiting.end().isEmpty)
            if !isKept { continuation.resume(returning: nil) }
        }
        #expect(value == nil)
    }
}
