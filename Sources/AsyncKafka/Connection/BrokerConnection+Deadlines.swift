// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Synchronization

extension BrokerConnection {
    /// The timer for the earliest deadline of a request.
    struct TimeoutState {
        var armed: MonotonicTime?
        var timer: LoopTimer?
    }

    func armTimeout(_ deadline: MonotonicTime) {
        let isFirst = self.timeouts.withLock { state in
            if let armed = state.armed, armed <= deadline { return false }
            state.armed = deadline
            return true
        }
        guard isFirst else { return }
        let timer = self.loop.schedule(at: deadline) { [weak self] in self?.checkTimeouts() }
        let obsolete = self.timeouts.withLock { state in
            // Another thread has set an earlier one in the meantime.
            guard state.armed == deadline else { return timer as LoopTimer? }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
    }

    private func checkTimeouts() {
        self.timeouts.withLock { $0.armed = nil }
        let now = self.loop.now
        let (failed, action) = self.queue.withLock { $0.expire(now: now) }
        if case .wait(let time?) = action { self.armTimeout(time) }
        for failed in failed { self.fail(failed.request, failed.error) }
        if case .close(let error) = action { return self.close(error) }
        // A request that waited behind one of these may need no answer, and so no room.
        if !failed.isEmpty { self.writeWaiting() }
    }

    // MARK: Idleness

    func armIdleTimer() {
        guard !self.closeIfIdle() else { return }
        let timer = self.loop.schedule(at: max(self.idleEnd, self.loop.now + .seconds(1))) { [weak self] in
            guard let self, self.isOpen else { return }
            self.armIdleTimer()
        }
        self.idleTimer.withLock { $0 = timer }
        if !self.isOpen { timer.cancel() }
    }

    /// The time at which the connection has been unused for too long.
    private var idleEnd: MonotonicTime {
        MonotonicTime(nanoseconds: self.lastUse.load(ordering: .relaxed)) + self.configuration.connectionMaxIdle
    }

    /// Closes the connection if it is idle. Returns whether it was.
    private func closeIfIdle() -> Bool {
        // Retriable, because a caller that has just obtained this connection can use another one.
        let error = KafkaError(
            .closed, "The connection was not used any more.", broker: self.broker.description, isRetriable: true)
        // Under the write lock, so that no request is written between the check and closing.
        let isIdle = self.channel.whenNothingIsQueued {
            self.idleEnd <= self.loop.now && self.queue.withLock { $0.closeIfIdle(error) }
        }
        guard isIdle == true else { return false }
        self.end(error, [])
        return true
    }
}
