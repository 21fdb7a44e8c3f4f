// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Records what a channel receives, and lets a test wait for it.
final class Recorder: FrameHandler {
    private struct State {
        var frames: [Bytes] = []
        var closed: TransportError?
        var closeCalls = 0
        var waiter: (isMet: @Sendable ([Bytes], TransportError?) -> Bool, CheckedContinuation<Void, Never>)?
    }
    private let state = Lock(State())
    private let onFrame: (@Sendable (Bytes) -> Void)?
    private let onFlush: (@Sendable () -> Void)?
    private let onClose: (@Sendable () -> Void)?

    init(
        onFrame: (@Sendable (Bytes) -> Void)? = nil, onFlush: (@Sendable () -> Void)? = nil,
        onClose: (@Sendable () -> Void)? = nil
    ) {
        self.onFrame = onFrame
        self.onFlush = onFlush
        self.onClose = onClose
    }

    var frames: [Bytes] { self.state.withLock { $0.frames } }
    var closed: TransportError? { self.state.withLock { $0.closed } }
    var closeCalls: Int { self.state.withLock { $0.closeCalls } }

    func frameReceived(_ frame: Bytes) {
        self.onFrame?(frame)
        self.note { $0.frames.append(frame) }
    }

    func channelFlushed() {
        self.onFlush?()
    }

    func channelClosed(_ error: TransportError) {
        self.onClose?()
        self.note {
            $0.closed = error
            $0.closeCalls += 1
        }
    }

    private func note(_ change: @Sendable (inout State) -> Void) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard let waiter = state.waiter, waiter.isMet(state.frames, state.closed) else { return nil }
            state.waiter = nil
            return waiter.1
        }
        waiter?.resume()
    }

    func wait(until isMet: @escaping @Sendable ([Bytes], TransportError?) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMetAlready = self.state.withLock { state in
                if isMet(state.frames, state.closed) { return true }
                state.waiter = (isMet, continuation)
                return false
            }
            if isMetAlready { continuation.resume() }
        }
    }
}
