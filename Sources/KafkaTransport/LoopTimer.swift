// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A timer that can be cancelled.
package struct LoopTimer: Sendable {
    let core: LoopCore
    let key: TimerHeap.Key

    /// Cancels the timer, unless it is running already, and releases its body.
    ///
    /// Can be called from any thread, and more than once.
    package func cancel() {
        self.core.cancel(self.key)
    }
}
