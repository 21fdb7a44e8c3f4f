// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Heartbeats and the deadlines of a member.
extension ClassicMembershipDriver {
    /// Sends heartbeats, also while the reader processes records or runs a callback.
    func sendHeartbeats() async {
        var failures = 0
        while !Task.isCancelled {
            switch self.withMachine({ $0.heartbeat(now: self.loop.now) }) ?? .none {
            case .none:
                await self.signals.heartbeats.wait(on: self.loop)
            case .at(let time):
                await self.signals.heartbeats.wait(until: time, on: self.loop)
            case .send(let identity, let deadline):
                do throws(KafkaError) {
                    try await self.heartbeat(as: identity, until: deadline)
                    failures = 0
                } catch {
                    self.logger(.debug, "A heartbeat failed", [(.error, error.description)])
                    if error.brokerCode == .rebalanceInProgress {
                        // The coordinator answered, so the next heartbeat needn't come sooner.
                        failures = 0
                    } else {
                        failures += 1
                        let backoff = self.cluster.backoff(failures: failures)
                        self.withMachine { $0.heartbeatFailed(now: self.loop.now, backoff: backoff) }
                    }
                    self.update { $0.refused(error, sender: identity) }
                }
            }
        }
    }

    private func heartbeat(
        as identity: ClassicMembershipStateMachine.Identity, until deadline: MonotonicTime
    ) async throws(KafkaError) {
        let sentAt = self.loop.now
        // A timeout closes the connection, which carries nothing else now: the network path to the coordinator may be
        // dead.
        let call = HeartbeatCall(
            group: self.group, memberID: identity.memberID, generation: identity.generation,
            instanceID: self.settings.instanceID,
            answerTimeout: min(deadline - sentAt, self.cluster.configuration.requestTimeout))
        do throws(KafkaError) {
            try await self.cluster.attempt(call, deadline: deadline)
            self.heartbeatArrived(of: identity, sentAt: sentAt)
        } catch {
            if error.brokerCode == .rebalanceInProgress { self.heartbeatArrived(of: identity, sentAt: sentAt) }
            throw error
        }
    }

    private func heartbeatArrived(of identity: ClassicMembershipStateMachine.Identity, sentAt: MonotonicTime) {
        self.withMachine { $0.heartbeatArrived(of: identity, sentAt: sentAt) }
        self.signals.clocks.notify()
        // The reader may have found the session expired just before, and be waiting.
        self.host.wakeReader()
    }

    /// Watches two deadlines: the end of the session and the end of the poll interval.
    ///
    /// It sends nothing itself, so a hanging request can't delay it.
    func watchClocks() async {
        while !Task.isCancelled {
            let now = self.loop.now
            let pollDeadline = self.host.pollDeadline(now: now)
            let sessionDeadline = self.withMachine { $0.sessionDeadline } ?? nil
            if let sessionDeadline, sessionDeadline <= now {
                self.sessionEnded(now: now)
            } else if let pollDeadline, pollDeadline <= now {
                await self.pollIntervalExpired()
            } else {
                let next = [pollDeadline, sessionDeadline].compactMap { $0 }.min()
                await self.signals.clocks.wait(until: next, on: self.loop)
            }
        }
    }

    private func sessionEnded(now: MonotonicTime) {
        guard self.update({ $0.sessionEnded(now: now) }) == true else { return }
        self.logger(
            .warning,
            """
            The group has not heard of this member for the session timeout: it goes on without it, and nothing more is \
            handed out. No heartbeat was answered: the coordinator is not there, or can't be reached
            """)
    }

    private func pollIntervalExpired() async {
        guard let leaveNotice = self.update({ $0.pollIntervalExpired() }) else { return }
        self.logger(
            .warning,
            """
            The consumer leaves the group: it has not asked for records within the maximum poll interval. Do less between \
            two elements, or raise maxPollInterval
            """)
        guard let leaveNotice else { return }
        await self.send(leaveNotice, until: self.loop.now + Self.leaveNoticePatience)
    }
}
