// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension ClassicMembershipDriver {
    /// How long one attempt to leave the group takes at most.
    static let farewellPatience = Duration.seconds(5)

    /// The group can't be joined: nobody in it has to wait for a member that has taken no part. One attempt.
    func leaveAfterFailure() async {
        guard let farewell = self.withMachine({ $0.farewellOfFailure }) ?? nil else { return }
        let deadline = self.loop.now + Self.farewellPatience
        await self.cluster.whileReachable(until: deadline) {
            do throws(KafkaError) {
                try await self.cluster.attempt(self.call(farewell), deadline: deadline)
                self.update { $0.left(farewell) }
            } catch {
                self.logger(.debug, "The group could not be left", [(.error, error.description)])
            }
        }
    }

    /// The group may have been left before it gave out this member id: nobody in it has to wait for the one who has it.
    func leaveIfUnwanted(_ memberID: String, insteadOf asked: ClassicMembershipStateMachine.Identity) async {
        guard memberID != asked.memberID, let farewell = self.withMachine({ $0.farewellIfUnwanted(memberID) }) ?? nil
        else { return }
        await self.send(farewell, until: self.loop.now + Self.farewellPatience)
    }

    /// Best effort: the group would find out by itself when the session times out.
    func send(_ farewell: Farewell, until deadline: MonotonicTime) async {
        let outcome = await self.cluster.whileReachable(until: deadline) { () async -> Result<Void, KafkaError> in
            // Not on the connection where a JoinGroup may be waiting for its answer.
            let results = await self.cluster.perform(self.call(farewell), for: [OnlyItem()], deadline: deadline)
            return results[OnlyItem()] ?? .failure(.cancelled)
        }
        switch outcome {
        case .success?:
            self.logger(.info, "Left the group", [(.member, farewell.memberID), (.reason, farewell.reason)])
        case .failure(let error)?:
            self.warnOfStaying(farewell, error)
        case nil:
            self.warnOfStaying(farewell, self.cluster.timeoutError("The group was not left in time", group: self.group))
        }
    }

    private func warnOfStaying(_ farewell: Farewell, _ error: KafkaError) {
        self.logger(
            .warning,
            "The group could not be left: the other members get the partitions when the session times out",
            [(.member, farewell.memberID), (.error, error.description)])
    }

    private func call(_ farewell: Farewell) -> LeaveGroupCall {
        // Not until the end at a coordinator that hangs: there may be another one by now.
        LeaveGroupCall(
            group: self.group, memberID: farewell.memberID, reason: farewell.reason, patience: Self.farewellPatience)
    }
}
