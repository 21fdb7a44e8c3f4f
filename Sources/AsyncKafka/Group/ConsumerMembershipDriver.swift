// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension ConsumerMembershipStateMachine.Terms {
    init(_ settings: MemberSettings, _ consumer: ConsumerGroupProtocol) {
        self.init(
            group: settings.group, memberID: Self.memberID(), instanceID: settings.instanceID,
            sessionTimeout: consumer.sessionTimeout)
    }

    /// Returns a new id. Kafka's ids don't begin with a hyphen, because tools would take them for options.
    private static func memberID() -> String {
        while true {
            let id = KafkaUUID(high: .random(in: .min ... .max), low: .random(in: .min ... .max)).description
            if !id.hasPrefix("-") { return id }
        }
    }
}

/// Sends the heartbeats of a member of a group in the consumer protocol, as `ConsumerMembershipStateMachine` decides.
final class ConsumerMembershipDriver: MembershipDriver {
    let settings: MemberSettings
    let consumer: ConsumerGroupProtocol
    let cluster: Cluster
    let logger: Logger
    let host: any MembershipHost
    let signals: MembershipSignals
    let departures: Departures
    private var loop: EventLoop { self.cluster.loop }
    private var group: String { self.settings.group }

    /// - Parameter signals: the signals with which `host` wakes the driver.
    init(
        _ settings: MemberSettings, _ consumer: ConsumerGroupProtocol, for host: any MembershipHost, _ cluster: Cluster,
        _ logger: Logger, signals: MembershipSignals, _ departures: Departures
    ) {
        self.settings = settings
        self.consumer = consumer
        self.cluster = cluster
        self.logger = logger
        self.host = host
        self.signals = signals
        self.departures = departures
    }

    private func withMachine<Result>(_ body: (inout ConsumerMembershipStateMachine) -> Result) -> Result? {
        self.host.withMembership { $0.withConsumer(body) }
    }

    @discardableResult
    private func update<Result>(_ change: (inout ConsumerMembershipStateMachine) -> Result) -> Result? {
        self.host.updateMembership { $0.withConsumer(change) }
    }

    // MARK: Heartbeats

    /// Sends heartbeats, also while the reader processes records or runs a callback. One is in flight at a time.
    func sendRequests(after former: JoiningTrouble) async -> JoiningTrouble {
        var trouble = former
        while !Task.isCancelled {
            let now = self.loop.now
            guard let due = self.withMachine({ $0.heartbeat(now: now) }) else { break }
            switch due {
            case .none:
                trouble.pauses()
                await self.signals.heartbeats.wait(on: self.loop)
            case .at(let time):
                await self.signals.heartbeats.wait(until: time, on: self.loop)
            case .send(let heartbeat, let end):
                let deadline =
                    heartbeat.joins
                    ? trouble.attempts(now: now, limit: end - now, backoff: self.cluster.configuration.retryBackoffMax)
                    : end
                let result = await self.first { () throws(KafkaError) in
                    try await self.send(heartbeat, until: deadline)
                } whileMatters: {
                    self.withMachine { $0.matters(heartbeat) } ?? false
                }
                switch result {
                case nil: break
                case .success?: trouble = JoiningTrouble()
                case .failure(let error)?: await self.failed(heartbeat, error, &trouble)
                }
            }
        }
        return trouble
    }

    private func send(
        _ heartbeat: ConsumerMembershipStateMachine.Heartbeat, until deadline: MonotonicTime
    ) async throws(KafkaError) {
        if heartbeat.joins { try await self.host.lookUpSubscription(until: deadline) }
        var (sentAt, subscription) = (self.loop.now, MemberSubscription.topics([]))
        let answer = try await self.cluster.attempt(
            ofGroup: self.group, deadline: deadline, checkingEvery: self.consumer.sessionTimeout / 3
        ) { () throws(KafkaError) -> ConsumerGroupHeartbeatCall? in
            // The consumer may have left the group while the coordinator was looked up: this must not be sent after that.
            guard self.withMachine({ $0.inFlight == heartbeat.number }) == true else { return nil }
            sentAt = self.loop.now
            // Read after the machine counts the heartbeat as in flight, so that a later change causes another one.
            subscription = self.host.subscriptionToTell()
            return self.call(heartbeat, subscription, timeout: max(deadline - sentAt, .milliseconds(1)))
        }
        guard let answer else { return }
        let (time, told) = (sentAt, subscription)
        if heartbeat.joins { self.host.expectReader() }
        self.update { machine in
            guard machine.answered(heartbeat, answer, told: told, sentAt: time) else { return }
            _ = machine.resolveNames(self.cluster.metadata)
        }
        if heartbeat.joins {
            self.logger(
                .info, "Joined the group",
                [
                    (.member, heartbeat.memberID), (.generation, "\(answer.epoch)"),
                    (.reason, "its coordinator distributes the partitions"),
                ])
        }
        if self.withMachine({ $0.hasUnknownTopics }) == true {
            self.cluster.requestMetadataUpdate("the group has assigned partitions of an unknown topic")
        }
    }

    private func call(
        _ heartbeat: ConsumerMembershipStateMachine.Heartbeat, _ subscription: MemberSubscription, timeout: Duration
    ) -> ConsumerGroupHeartbeatCall {
        // A timeout closes the connection, which carries nothing else: the network path to the coordinator may be dead.
        var call = ConsumerGroupHeartbeatCall(
            group: self.group, memberID: heartbeat.memberID, epoch: heartbeat.epoch,
            instanceID: self.settings.instanceID,
            answerTimeout: min(timeout, self.cluster.configuration.requestTimeout))
        if heartbeat.told?.subscription != subscription { call.subscription = subscription }
        if heartbeat.told?.owned != heartbeat.owned { call.owned = heartbeat.owned }
        if heartbeat.told == nil {
            call.rebalanceTimeout = self.settings.maxPollInterval
            call.serverAssignor = self.consumer.serverAssignor
            call.rack = self.cluster.configuration.rack
        }
        return call
    }

    /// Logs a failure, and tells the reader if it has to know.
    private func failed(
        _ heartbeat: ConsumerMembershipStateMachine.Heartbeat, _ error: KafkaError, _ trouble: inout JoiningTrouble
    ) async {
        self.logger(.debug, "A heartbeat failed", [(.error, error.description)])
        let now = self.loop.now
        let failures = (self.withMachine { $0.failures } ?? 0) + 1
        let remedy = self.update {
            $0.failed(heartbeat, error, now: now, backoff: self.cluster.backoff(failures: failures))
        }
        switch remedy {
        case .rejoin?:
            self.logger(.warning, "The group has removed this member, which rejoins", [(.error, error.description)])
        case .report?:
            self.host.report(error)
        case .again? where heartbeat.joins:
            guard let lasting = trouble.failed(now: now) else { break }
            self.logger(
                .warning, "The group can't be joined; trying again",
                [
                    (.error, error.description),
                    (.reason, "it has been tried for \(lasting.components.seconds) s"),
                ])
        case .changeProtocol?:
            guard self.host.updateMembership({ $0.changeProtocol(self.settings, after: error) }),
                trouble.changedProtocol(now: now)
            else { break }
            self.logger(
                .info, "The group can't be joined by the consumer protocol; joining by the classic one",
                [(.error, error.description)])
        case .giveUp?:
            if trouble.gaveUp(now: now) {
                self.logger(.error, "The group can't be joined", [(.error, error.description)])
            }
            await self.departures.leave(until: self.loop.now + Departures.patience) {
                self.withMachine { $0.departAfterFailure() } ?? nil
            }
            // A reader may ask again immediately after any error.
            if failures > 5 {
                try? await self.cluster.pause(until: self.loop.now + self.cluster.backoff(failures: failures - 5))
            }
        default: break
        }
    }

    // MARK: Leaving

    // On the connection of the heartbeats, so that none of them is processed later. A timeout closes it, as a heartbeat's does.
    func send(_ leaveNotice: LeaveNotice, until deadline: MonotonicTime) async {
        let isForNow = leaveNotice.request == .heartbeat(isForGood: false)
        let call = ConsumerGroupHeartbeatCall(
            group: self.group, memberID: leaveNotice.memberID,
            epoch: isForNow ? ConsumerGroupHeartbeatCall.leavingForNow : ConsumerGroupHeartbeatCall.leaving,
            instanceID: self.settings.instanceID,
            answerTimeout: min(Departures.patience, max(deadline - self.loop.now, .milliseconds(1))))
        await self.send(leaveNotice, by: call, until: deadline)
    }
}
