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
    struct ThrottleState {
        var report = ThrottleReport()
        /// The time for which the timer of the pause's end is set.
        var armed: MonotonicTime?
        var timer: LoopTimer?
    }

    func obeyThrottle(of response: some KafkaResponse) {
        guard response.throttleTimeMs > 0 || self.isThrottled.load(ordering: .relaxed) else { return }
        let pause = Duration.milliseconds(max(0, Int64(response.throttleTimeMs)))
        let now = self.loop.now
        let longest = self.configuration.requestTimeout
        let event = self.throttle.withLock { state in
            let event = state.report.answered(pause: pause, longest: longest, now: now)
            self.isThrottled.store(state.report.isThrottled, ordering: .relaxed)
            return event
        }
        switch event {
        case .throttles: self.logger(.info, "The broker throttles this client", [(.duration, "\(pause)")])
        case .isOver: self.logger(.info, "The broker throttles this client no longer")
        case .makesNoSense:
            self.logger(
                .warning, "The broker asks for a pause during which requests would expire", [(.duration, "\(pause)")])
        case nil: break
        }
        guard pause > .zero else { return }
        self.count { $0.throttled(for: pause, now: now) }
        self.events(.throttled(KafkaEvent.Throttled(broker: self.broker, duration: pause)))
        let end = now + pause
        self.queue.withLock { $0.pause(until: end, senselessLength: pause > longest ? pause : nil) }
        self.armPauseEnd(end)
    }

    /// Writes the waiting requests when the pause is over. There is one timer, which is cancelled when the connection
    /// closes.
    func armPauseEnd(_ end: MonotonicTime) {
        let isNeeded = self.throttle.withLock { state in
            // The latest end counts.
            if let armed = state.armed, armed >= end { return false }
            state.armed = end
            return true
        }
        guard isNeeded else { return }
        let timer = self.loop.schedule(at: end) { [weak self] in
            guard let self else { return }
            self.throttle.withLock { state in
                if state.armed == end { state.armed = nil }
            }
            self.writeWaiting()
        }
        let obsolete = self.throttle.withLock { state in
            // Another thread has set a later one in the meantime.
            guard state.armed == end else { return timer as LoopTimer? }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
        if !self.isOpen { timer.cancel() }
    }
}
