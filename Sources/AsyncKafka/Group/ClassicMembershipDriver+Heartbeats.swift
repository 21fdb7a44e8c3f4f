// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Heartbeats of a member.
extension ClassicMembershipDriver {
    /// Sends heartbeats, also while the reader processes records or runs a callback.
    func sendHeartbeats() async {
        var failures = 0
        while !Task.isCancelled {
            guard let due = self.withMachine({ $0.heartbeat(now: self.loop.now) }) else { return }
            switch due {
            case .none:
                await self.signals.heartbeats.wait(on: self.loop)
            case .at(let time):
                await self.signals.heartbeats.wait(until: time, on: self.loop)
            case .send(let identity, let deadline):
                let result = await self.first { () throws(KafkaError) in
                    try await self.heartbeat(as: identity, until: deadline)
                } whileMatters: {
                    self.withMachine { $0.identity.memberID == identity.memberID } ?? false
                }
                switch result {
                case nil: break
                case .success?: failures = 0
                case .failure(let error)?:
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
        // A timeout closes the connection: the network path to the coordinator may be dead.
        var call = HeartbeatCall(
            group: self.group, memberID: identity.memberID, generation: identity.generation,
            instanceID: self.settings.instanceID,
            answerTimeout: min(deadline - sentAt, self.cluster.configuration.requestTimeout))
        if self.withMachine({ $0.isWaitingForGroup }) == true { call.purpose = .general }
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
}
