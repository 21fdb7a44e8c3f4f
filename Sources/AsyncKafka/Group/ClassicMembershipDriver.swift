// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension ClassicMembershipStateMachine.Terms {
    init(_ settings: MemberSettings, _ classic: ClassicGroupProtocol) {
        self.init(
            group: settings.group, instanceID: settings.instanceID, heartbeatInterval: classic.heartbeatInterval,
            sessionTimeout: classic.sessionTimeout, isCooperative: classic.isCooperative)
    }
}

/// Sends the requests of a member of a classic group and watches its deadlines, as `ClassicMembershipStateMachine` decides.
final class ClassicMembershipDriver: MembershipDriver {
    let settings: MemberSettings
    let classic: ClassicGroupProtocol
    let cluster: Cluster
    let loop: EventLoop
    let logger: Logger
    let host: any MembershipHost
    let signals: MembershipSignals
    let departures: Departures

    var group: String { self.settings.group }

    /// - Parameter signals: the signals with which `host` wakes the driver.
    init(
        _ settings: MemberSettings, _ classic: ClassicGroupProtocol, for host: any MembershipHost, _ cluster: Cluster,
        _ logger: Logger, signals: MembershipSignals, _ departures: Departures
    ) {
        self.settings = settings
        self.classic = classic
        self.cluster = cluster
        self.loop = cluster.loop
        self.logger = logger
        self.host = host
        self.signals = signals
        self.departures = departures
    }

    // The loops run concurrently, so that a request that hangs in one doesn't delay the others.
    func sendRequests(after trouble: JoiningTrouble) async -> JoiningTrouble {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: self.loop) { await self.sendHeartbeats() }
            return await self.join(after: trouble)
        }
    }

    /// Reads the state machine, or changes it without waking other parts of the consumer.
    func withMachine<Result>(_ body: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        self.host.withMembership { $0.withClassic(body) }
    }

    /// Changes the state machine, and wakes the driver's loops and the reader.
    @discardableResult
    func update<Result>(_ change: (inout ClassicMembershipStateMachine) -> Result) -> Result? {
        self.host.updateMembership { $0.withClassic(change) }
    }

    // MARK: Joining

    /// The outcome of one attempt to join or to get the assignment.
    enum JoiningOutcome {
        case joined(JoinGroupResponse)
        case synced
        /// The consumer has left the group since, or another request has to come first.
        case notWanted
        case failed(KafkaError, ClassicMembershipStateMachine.Retry)
    }

    /// Sends JoinGroup and SyncGroup when the membership requires them.
    private func join(after former: JoiningTrouble) async -> JoiningTrouble {
        var joined: JoinGroupResponse?
        var trouble = former
        while !Task.isCancelled {
            guard let due = self.withMachine({ $0.nextRequest }) else { break }
            guard let request = due else {
                trouble.pauses()
                await self.signals.requests.wait(on: self.loop)
                continue
            }
            let deadline = trouble.attempts(
                now: self.loop.now, limit: self.cluster.configuration.requestTimeout,
                backoff: self.cluster.configuration.retryBackoffMax)
            let outcome: JoiningOutcome
            switch request {
            case .join(let identity, let reason):
                outcome = await self.join(as: identity, reason: reason, until: deadline)
            case .sync(let identity):
                outcome = await self.sync(as: identity, joined, until: deadline)
            }
            switch outcome {
            case .joined(let response): joined = response
            case .synced: trouble = JoiningTrouble()
            case .notWanted: break
            case .failed(let error, let retry): await self.joiningFailed(error, retry, &trouble)
            }
        }
        return trouble
    }

    /// Logs the failure and waits until the next attempt is due.
    private func joiningFailed(
        _ error: KafkaError, _ retry: ClassicMembershipStateMachine.Retry, _ trouble: inout JoiningTrouble
    ) async {
        self.logger(.debug, "An attempt to join the group failed", [(.error, error.description)])
        let failures = self.withMachine { $0.failures } ?? 0
        switch retry {
        case .never:
            self.host.wakeReader()
            // There are no failures if the consumer has left the group meanwhile, or if the reader has received the
            // error and asks again.
            guard error.code != .cancelled, failures > 0 else { return }
            if trouble.gaveUp(now: self.loop.now) {
                self.logger(.error, "The group can't be joined", [(.error, error.description)])
            }
            await self.leaveAfterFailure()
            // A reader may ask again immediately after any error.
            if failures > 5 { await self.pause(failures: failures - 5) }
        // These refusals are a normal part of joining.
        case .atOnce:
            break
        case .changeProtocol:
            await self.changeProtocol(after: error, &trouble)
        case .afterBackoff:
            if let lasting = trouble.failed(now: self.loop.now) {
                self.logger(
                    .warning, "The group can't be joined; trying again",
                    [
                        (.error, error.description),
                        (.reason, "it has been tried for \(lasting.components.seconds) s"),
                    ])
            }
            await self.pause(failures: max(failures, 1))
        }
    }

    /// Joins by the consumer protocol, after the member has left the group in which it was by the classic one.
    private func changeProtocol(after refusal: KafkaError, _ trouble: inout JoiningTrouble) async {
        let isTold = trouble.changedProtocol(now: self.loop.now)
        await self.departures.leave(until: self.loop.now + Departures.patience) {
            let leaveNotice = self.withMachine { $0.leaveNoticeOfRefusal } ?? nil
            guard self.host.updateMembership({ $0.changeProtocol(self.settings, after: refusal) }) else { return nil }
            if isTold {
                self.logger(
                    .info, "The group can't be joined by the classic protocol; joining by the consumer protocol",
                    [(.error, refusal.description)])
            }
            return leaveNotice
        }
    }

    private func pause(failures: Int) async {
        try? await self.cluster.pause(until: self.loop.now + self.cluster.backoff(failures: failures))
    }

    /// The maximum time that JoinGroup and SyncGroup wait for the other members.
    var groupTimeout: Duration {
        max(self.cluster.configuration.requestTimeout, self.settings.maxPollInterval + .seconds(5))
    }
}

extension KafkaError {
    /// Converts any error to a `KafkaError`.
    init(wrapping error: any Error, doing: String, group: String?) {
        if let error = error as? KafkaError {
            self = error
            self.group = group
        } else {
            self.init(
                .protocolError,
                "What the members of the group told each other can't be understood (\(doing)): \(error)",
                group: group, underlyingError: error)
        }
    }
}
