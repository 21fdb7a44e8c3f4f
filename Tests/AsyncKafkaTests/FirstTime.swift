// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Tells the first call from all later ones, whichever tasks they come from.
final class FirstTime: Sendable {
    private let isNext = Lock(true)

    /// Whether this is the first call.
    func callAsFunction() -> Bool {
        self.isNext.withLock { isNext in
            defer { isNext = false }
            return isNext
        }
    }
}
