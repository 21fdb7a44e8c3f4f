// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension ClassicMembershipDriver {
    /// Leaves a group that can't be joined, so that the other members don't wait for this one. Makes one attempt.
    func leaveAfterFailure() async {
        guard let leaveNotice = self.withMachine({ $0.leaveNoticeOfFailure }) ?? nil else { return }
        let deadline = self.loop.now + Departures.patience
        await self.cluster.whileReachable(until: deadline) {
            do throws(KafkaError) {
                try await self.cluster.attempt(self.call(leaveNotice), deadline: deadline)
                self.update { $0.left(leaveNotice) }
            } catch {
                self.logger(.debug, "The group could not be left", [(.error, error.description)])
            }
        }
    }

    /// Gives back a member id that arrives after the consumer has left the group, so that no member waits for its owner.
    func leaveIfUnwanted(_ memberID: String, insteadOf asked: ClassicMembershipStateMachine.Identity) async {
        guard memberID != asked.memberID else { return }
        await self.departures.leave(until: self.loop.now + Departures.patience) {
            self.withMachine { $0.leaveNoticeIfUnwanted(memberID) } ?? nil
        }
    }

    // Not on the connection where a JoinGroup may be waiting for its answer.
    func send(_ leaveNotice: LeaveNotice, until deadline: MonotonicTime) async {
        await self.send(leaveNotice, by: self.call(leaveNotice), until: deadline)
    }

    private func call(_ leaveNotice: LeaveNotice) -> LeaveGroupCall {
        // The time at one coordinator is limited, because another one may have taken over from a coordinator that
        // hangs.
        LeaveGroupCall(
            group: self.group, memberID: leaveNotice.memberID, instanceID: self.settings.instanceID,
            reason: leaveNotice.reason,
            patience: Departures.patience)
    }
}
