// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory

@testable import AsyncKafka

/// An observer that blocks threads that raise certain events, while it is closed.
final class Gate: KafkaObserver {
    private let kept: KeptEvents
    private let blocks: @Sendable (KafkaEvent) -> Bool
    private let condition = NSCondition()
    private let isClosed = Lock(false)
    private let entered = Promise<Void>()

    init(_ kept: KeptEvents = KeptEvents(), _ blocks: @escaping @Sendable (KafkaEvent) -> Bool) {
        self.kept = kept
        self.blocks = blocks
    }

    func close() { self.isClosed.withLock { $0 = true } }

    func open() {
        self.condition.withLock {
            self.isClosed.withLock { $0 = false }
            self.condition.broadcast()
        }
    }

    /// Waits until it blocks a thread.
    func untilEntered() async throws { try await self.entered.value() }

    func observe(_ event: KafkaEvent) {
        self.kept.observe(event)
        guard self.blocks(event) else { return }
        self.condition.withLock {
            while self.isClosed.withLock({ $0 }) {
                self.entered.fulfill(.success(()))
                self.condition.wait()
            }
        }
    }
}
