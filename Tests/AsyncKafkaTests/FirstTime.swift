// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Distinguishes the first call from all later ones, across tasks.
final class FirstTime: Sendable {
    private let isNext = Lock(true)

    /// Returns whether this is the first call.
    func callAsFunction() -> Bool {
        self.isNext.withLock { isNext in
            defer { isNext = false }
            return isNext
        }
    }
}
