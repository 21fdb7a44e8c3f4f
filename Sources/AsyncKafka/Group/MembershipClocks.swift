// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Watches two deadlines of a member: the end of its session, and the end of the maximum poll interval.
///
/// It waits for no request, so a hanging one can't delay it.
struct MembershipClocks: Sendable {
    let host: any MembershipHost
    let loop: EventLoop
    let logger: Logger
    let signals: MembershipSignals
    let departures: Departures

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let now = self.loop.now
            let pollDeadline = self.host.pollDeadline(now: now)
            let sessionDeadline = self.host.withMembership { $0.sessionDeadline }
            if let sessionDeadline, sessionDeadline <= now {
                self.sessionEnded(now: now)
            } else if let pollDeadline, pollDeadline <= now {
                self.departures.begin(until: now + Departures.patience) { self.pollIntervalExpired() }
            } else {
                let next = [pollDeadline, sessionDeadline].compactMap { $0 }.min()
                await self.signals.clocks.wait(until: next, on: self.loop)
            }
        }
    }

    private func sessionEnded(now: MonotonicTime) {
        guard self.host.updateMembership({ $0.sessionEnded(now: now) }) else { return }
        self.logger(
            .warning,
            """
            The group has not heard of this member for the session timeout: it goes on without it, and nothing more is \
            handed out. No heartbeat was answered: the coordinator is not there, or can't be reached
            """)
    }

    private func pollIntervalExpired() -> LeaveNotice? {
        let expired: LeaveNotice?? = self.host.updateMembership { membership in
            membership.isPollIntervalRunning ? .some(membership.pollIntervalExpired()) : nil
        }
        guard let leaveNotice = expired else { return nil }
        self.logger(
            .warning,
            """
            The consumer leaves the group: it has not asked for records within the maximum poll interval. Do less between \
            two elements, or raise maxPollInterval
            """)
        return leaveNotice
    }
}
