// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// How long one attempt to leave the group takes at most.
    static let farewellPatience = Duration.seconds(5)

    /// Leaves the group, if this is a member of one. At the deadline it is over, whatever the brokers do.
    func leaveGroup(because reason: String, until deadline: MonotonicTime) async {
        let farewell = self.state.withLock { $0.leaveGroup(because: reason) }
        self.wake([.membership, .reader])
        if let farewell { await self.send(farewell, until: deadline) }
    }

    /// The group can't be joined: nobody in it has to wait for a member that has taken no part. One attempt.
    func leaveAfterFailure() async {
        guard let farewell = self.state.withLock({ $0.membership?.farewellOfFailure }),
            let group = self.configuration.groupID
        else { return }
        let deadline = self.loop.now + Self.farewellPatience
        await self.whileReachable(until: deadline) {
            do throws(KafkaError) {
                try await self.cluster.attempt(farewell.call(of: group), deadline: deadline)
                self.updateMembership { $0.left(farewell) }
            } catch {
                self.logger(.debug, "The group could not be left", [(.error, error.description)])
            }
        }
    }

    /// Best effort: the group would find out by itself when the session times out.
    func send(_ farewell: ClassicMembershipStateMachine.Farewell, until deadline: MonotonicTime) async {
        guard let group = self.configuration.groupID else { return }
        let outcome = await self.whileReachable(until: deadline) { () async -> Result<Void, KafkaError> in
            // Not on the connection where a JoinGroup may be waiting for its answer.
            let results = await self.cluster.perform(farewell.call(of: group), for: [OnlyItem()], deadline: deadline)
            return results[OnlyItem()] ?? .failure(.cancelled)
        }
        switch outcome {
        case .success?:
            self.logger(.info, "Left the group", [(.member, farewell.memberID), (.reason, farewell.reason)])
        case .failure(let error)?:
            self.warnOfStaying(farewell, error)
        case nil:
            self.warnOfStaying(farewell, self.cluster.timeoutError("The group was not left in time", group: group))
        }
    }

    private func warnOfStaying(_ farewell: ClassicMembershipStateMachine.Farewell, _ error: KafkaError) {
        self.logger(
            .warning,
            "The group could not be left: the other members get the partitions when the session times out",
            [(.member, farewell.memberID), (.error, error.description)])
    }

    /// What `body` returns; or nil, once it can achieve nothing more: at the deadline, or when no broker is connected and none
    /// can be.
    @discardableResult
    func whileReachable<Value: Sendable>(
        until deadline: MonotonicTime, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await self.loop.first(body) {
            var looks = 0
            while self.loop.now < deadline, !Task.isCancelled, await self.isAnyBrokerReachable(until: deadline) {
                looks += 1
                let next = self.loop.now + self.cluster.backoff(failures: looks)
                try? await self.cluster.pause(until: min(next, deadline))
            }
        }
    }

    /// Whether a broker is connected, or can be: if none can, nothing more is achieved by waiting for one.
    private func isAnyBrokerReachable(until deadline: MonotonicTime) async -> Bool {
        let brokers = Array(self.cluster.metadata.brokers.keys)
        let isConnected = brokers.contains { broker in
            [ConnectionPurpose.general, .coordinator, .fetch].contains { purpose in
                self.cluster.connectionIfOpen(to: broker, for: purpose) != nil
            }
        }
        if isConnected { return true }
        return await withTaskGroup(of: Bool.self) { tasks in
            for broker in brokers {
                tasks.addTask(executorPreference: self.loop) {
                    (try? await self.cluster.connection(to: broker, deadline: deadline)) != nil
                }
            }
            defer { tasks.cancelAll() }
            return await tasks.contains(true)
        }
    }
}

extension ConsumerState {
    /// Ends the membership. What was subscribed to since is joined for by a new one. Who is to be told, if anybody.
    mutating func leaveGroup(because reason: String) -> ClassicMembershipStateMachine.Farewell? {
        self.distributed = [:]
        let farewell = self.membership?.leave(reason: reason)
        switch self.subscriptions.subscription {
        case .topics, .pattern:
            if self.phase == .open { self.membership?.rebalance(because: "the subscription has changed") }
        case .none, .partitions: break
        }
        return farewell
    }
}

extension ClassicMembershipStateMachine.Farewell {
    fileprivate func call(of group: String) -> LeaveGroupCall {
        LeaveGroupCall(group: group, memberID: self.memberID, reason: self.reason)
    }
}
