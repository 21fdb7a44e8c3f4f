// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Something that the loop does at a time, unless it is cancelled before.
package struct LoopTimer: Sendable {
    let core: LoopCore
    let key: TimerHeap.Key

    /// From now on the timer does nothing, unless it is at it already. Lets go of what its body holds at once. May be
    /// called from any thread, and again.
    package func cancel() {
        self.core.cancel(self.key)
    }
}
