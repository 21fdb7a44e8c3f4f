// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The part of the consumer's configuration that a membership needs.
struct MemberSettings: Sendable {
    var group: String
    /// The name of a static member (KIP-345).
    var instanceID: String?
    /// The maximum poll interval, which is also how long a rebalance waits for this member.
    var maxPollInterval: Duration
    var groupProtocol: GroupProtocol
}

/// Sends a membership's requests and watches its deadlines.
protocol MembershipDriver: Sendable {
    var cluster: Cluster { get }
    var logger: Logger { get }
    var host: any MembershipHost { get }
    var signals: MembershipSignals { get }
    var departures: Departures { get }

    /// Sends the membership's requests, until the task is cancelled or the membership is replaced by one of another protocol.
    ///
    /// - Parameter trouble: the failures to join by the other protocol.
    /// - Returns: the failures to join until now.
    func sendRequests(after trouble: JoiningTrouble) async -> JoiningTrouble

    /// Sends the request with which a member leaves. Returns at the deadline at the latest.
    func send(_ leaveNotice: LeaveNotice, until deadline: MonotonicTime) async
}

extension MembershipDriver {
    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: self.cluster.loop) {
                _ = await self.sendRequests(after: JoiningTrouble())
            }
            group.addTask(executorPreference: self.cluster.loop) {
                await MembershipClocks(
                    host: self.host, loop: self.cluster.loop, logger: self.logger, signals: self.signals,
                    departures: self.departures
                ).run()
            }
            group.addTask(executorPreference: self.cluster.loop) {
                await self.departures.run { await self.send($0, until: $1) }
            }
        }
    }

    /// Sends a heartbeat, for the loop that sends heartbeats. Returns nil when its answer doesn't matter anymore, so that the next
    /// one doesn't wait for it, and isn't sent after its member has left.
    func first(
        _ heartbeat: @escaping @Sendable () async throws(KafkaError) -> Void,
        whileMatters matters: @escaping @Sendable () -> Bool
    ) async -> Result<Void, KafkaError>? {
        await self.cluster.loop.first { () async -> Result<Void, KafkaError> in
            do throws(KafkaError) { return .success(try await heartbeat()) } catch { return .failure(error) }
        } before: {
            // Every change of the membership raises the signal.
            while matters(), !Task.isCancelled { await self.signals.heartbeats.wait(on: self.cluster.loop) }
        }
    }
}

extension Membership {
    /// A membership without a subscription; `.none` if `settings` is nil.
    init(_ settings: MemberSettings?) {
        guard let settings else {
            self = .none
            return
        }
        switch settings.groupProtocol {
        case .classic(let classic): self = .classic(ClassicMembershipStateMachine(.init(settings, classic)))
        case .consumer(let consumer): self = .consumer(ConsumerMembershipStateMachine(.init(settings, consumer)))
        case .automatic(_, let consumer):
            self = .consumer(
                ConsumerMembershipStateMachine(.init(settings, consumer), otherProtocol: .untried))
        }
    }

    /// Replaces a membership that the group has refused by one of the other protocol, and returns whether that is so. It isn't
    /// if the consumer has left the group since.
    mutating func changeProtocol(_ settings: MemberSettings, after refusal: KafkaError) -> Bool {
        guard case .automatic(let classic, let consumer) = settings.groupProtocol else { return false }
        switch self {
        case .consumer(let former) where former.state == .joining:
            self = .classic(
                ClassicMembershipStateMachine(.init(settings, classic), insteadOf: former, after: refusal))
        case .classic(let former) where former.state == .unjoined && former.owned.isEmpty:
            self = .consumer(
                ConsumerMembershipStateMachine(.init(settings, consumer), insteadOf: former, after: refusal))
        case .none, .classic, .consumer:
            return false
        }
        return true
    }
}

extension MemberSettings {
    /// Creates the driver of a membership with these settings.
    ///
    /// - Parameter signals: the signals with which `host` wakes the driver.
    func driver(
        for host: any MembershipHost, _ cluster: Cluster, _ logger: Logger, signals: MembershipSignals
    ) -> any MembershipDriver {
        let departures = Departures(on: cluster.loop)
        func driver(_ classic: ClassicGroupProtocol) -> ClassicMembershipDriver {
            ClassicMembershipDriver(self, classic, for: host, cluster, logger, signals: signals, departures)
        }
        func driver(_ consumer: ConsumerGroupProtocol) -> ConsumerMembershipDriver {
            ConsumerMembershipDriver(self, consumer, for: host, cluster, logger, signals: signals, departures)
        }
        return switch self.groupProtocol {
        case .classic(let classic): driver(classic)
        case .consumer(let consumer): driver(consumer)
        case .automatic(let classic, let consumer): AutomaticMembershipDriver(driver(classic), driver(consumer))
        }
    }
}
