// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension Cluster {
    /// Performs a call until each item has its result, at the latest at the deadline.
    ///
    /// An item that fails with a retriable error is sent again after a backoff: to the broker that can answer then, or
    /// to another one if any broker can.
    func perform<C: Call>(
        _ call: C, for items: [C.Item], deadline: MonotonicTime
    ) async -> [C.Item: Result<C.Value, KafkaError>] {
        var machine = CallStateMachine<C.Item, C.Value>(
            items, isRepeatable: call.isRepeatable, hasEffect: call.hasEffect, begun: self.loop.now, deadline: deadline)
        return await withTaskGroup(of: CallEvent<C>.self) { group in
            var timer: MonotonicTime?
            func start(_ lookUp: LookUp, _ items: [C.Item]) {
                group.addTask(executorPreference: self.loop) {
                    .lookedUp(items, await self.perform(lookUp, deadline: deadline))
                }
            }
            while true {
                switch machine.next(now: self.loop.now) {
                case .finished(let results):
                    group.cancelAll()
                    return results
                case .route(let items):
                    let lookUps = self.route(items, of: call, &machine)
                    for items in lookUps.values { machine.lookingUp(items) }
                    if lookUps.count > 1 {
                        group.addTask(executorPreference: self.loop) {
                            await self.performTogether(Array(lookUps.keys), deadline: deadline)
                            return .lookedUpTogether(lookUps)
                        }
                    } else {
                        for (lookUp, items) in lookUps { start(lookUp, items) }
                    }
                case .send(let dispatches):
                    for dispatch in dispatches {
                        group.addTask(executorPreference: self.loop) {
                            .ended(dispatch, await self.send(call, dispatch, deadline: deadline))
                        }
                    }
                case .wait(let time):
                    if let time, timer.map({ time < $0 }) ?? true {
                        timer = time
                        group.addTask(executorPreference: self.loop) {
                            try? await self.pause(until: time)
                            return .paused
                        }
                    }
                    switch await group.next() {
                    case .lookedUp(let items, let error)?:
                        machine.lookedUp(items, error)
                    case .lookedUpTogether(let lookUps)?:
                        // The items that can be sent now share requests. Each other look-up goes on by itself.
                        for (lookUp, items) in lookUps {
                            if self.isKnown(lookUp) { machine.lookedUp(items, nil) } else { start(lookUp, items) }
                        }
                    case .ended(let dispatch, .answered(let outcomes, let broker))?:
                        machine.answered(dispatch, outcomes, by: broker, now: self.loop.now, backoff: self.backoff)
                    case .ended(let dispatch, .failed(let error, let broker))?:
                        self.logger(
                            .debug, "An attempt at a call failed",
                            [(.api, "\(C.Request.apiKey)"), (.error, error.description)])
                        machine.failed(dispatch, error, at: broker, now: self.loop.now, backoff: self.backoff)
                    case .paused?:
                        timer = nil
                        if Task.isCancelled { machine.cancel() }
                    case nil:
                        // No child task is left that the machine could wait for.
                        machine.cancel()
                    }
                }
            }
        }
    }

    /// Performs a call without items.
    func perform<C: Call>(_ call: C, deadline: MonotonicTime) async throws(KafkaError) -> C.Value
    where C.Item == OnlyItem {
        let results = await self.perform(call, for: [OnlyItem()], deadline: deadline)
        guard let result = results[OnlyItem()] else { throw .cancelled }
        return try result.get()
    }

    /// Makes one attempt at a call, at one broker. Throws the error of the request as a whole. An item's own error is
    /// its outcome.
    func attempt<C: Call>(
        _ call: C, for items: [C.Item], of broker: Int32, deadline: MonotonicTime
    ) async throws(KafkaError) -> [C.Item: CallOutcome<C.Value>] {
        let dispatch = CallStateMachine<C.Item, C.Value>.Dispatch(route: .broker(broker), items: items, avoiding: [])
        switch await self.send(call, dispatch, deadline: deadline) {
        case .answered(let outcomes, _): return outcomes
        case .failed(let error, _): throw error
        }
    }

    /// Makes one attempt at a call without items, at any broker.
    ///
    /// - Parameter refusing: Brokers that are asked only if no other broker can be reached.
    func attempt<C: Call>(
        _ call: C, avoiding refusing: [KafkaServer], deadline: MonotonicTime
    ) async -> (broker: KafkaServer?, result: Result<C.Value, KafkaError>) where C.Item == OnlyItem {
        let dispatch = CallStateMachine<C.Item, C.Value>.Dispatch(
            route: .anyBroker, items: [OnlyItem()], avoiding: refusing)
        switch await self.send(call, dispatch, deadline: deadline) {
        case .answered(let outcomes, let broker):
            return (broker, outcomes[OnlyItem()]?.result ?? .failure(.leftOut(by: broker)))
        case .failed(let error, let broker):
            return (broker, .failure(error))
        }
    }

    /// Makes one attempt at a call at any broker. There are no outcomes if it fails as a whole.
    func attempt<C: Call>(
        _ call: C, for items: [C.Item], deadline: MonotonicTime
    ) async -> [C.Item: CallOutcome<C.Value>] {
        let dispatch = CallStateMachine<C.Item, C.Value>.Dispatch(route: .anyBroker, items: items, avoiding: [])
        return switch await self.send(call, dispatch, deadline: deadline) {
        case .answered(let outcomes, _): outcomes
        case .failed: [:]
        }
    }

    // MARK: Routing

    /// Routes the items whose broker is known. Returns the look-ups that the other items need.
    private func route<C: Call>(
        _ items: [C.Item], of call: C, _ machine: inout CallStateMachine<C.Item, C.Value>
    ) -> [LookUp: [C.Item]] {
        var unknown: [LookUp: [C.Item]] = [:]
        let metadata = self.metadata
        for item in items {
            switch call.destination(of: item) {
            case .anyBroker:
                machine.routed(item, .anyBroker)
            case .broker where metadata.brokers.isEmpty:
                unknown[.brokers, default: []].append(item)
            case .broker(let id):
                machine.routed(item, .broker(id))
            case .controller:
                if let controller = metadata.controllerID, metadata.brokers[controller] != nil {
                    machine.routed(item, .broker(controller))
                } else {
                    unknown[.controller, default: []].append(item)
                }
            case .coordinator(let key):
                if let known = self.knownCoordinator(key) {
                    machine.routed(item, .broker(known))
                } else {
                    unknown[.coordinator(key), default: []].append(item)
                }
            case .leader(let partition):
                guard let topic = metadata.topics[partition.topic], !topic.partitions.isEmpty else {
                    unknown[.topic(partition.topic), default: []].append(item)
                    continue
                }
                if let leader = topic.partition(partition.partition)?.leader {
                    machine.routed(item, .broker(leader))
                } else {
                    let code: ErrorCode =
                        topic.partition(partition.partition) == nil ? .unknownTopicOrPartition : .leaderNotAvailable
                    var error = KafkaError(code, doing: call.doing)
                    call.annotate(&error, about: item)
                    self.requestMetadataUpdate("a partition has no known leader")
                    machine.unroutable(item, error, now: self.loop.now, backoff: self.backoff)
                }
            }
        }
        return unknown
    }

    /// Makes one attempt at many look-ups, in as few requests as possible.
    private func performTogether(_ lookUps: [LookUp], deadline: MonotonicTime) async {
        var keys: [CoordinatorKind: [CoordinatorKey]] = [:]
        var topics: [String] = []
        for lookUp in lookUps {
            switch lookUp {
            case .coordinator(let key): keys[key.kind, default: []].append(key)
            case .topic(let name): topics.append(name)
            case .brokers, .controller: break
            }
        }
        for (_, keys) in keys { await self.findCoordinators(keys, deadline: deadline) }
        await self.learn(topics: topics, deadline: deadline)
    }

    private func isKnown(_ lookUp: LookUp) -> Bool {
        switch lookUp {
        case .coordinator(let key): self.knownCoordinator(key) != nil
        case .topic(let name): self.topicIfKnown(name) != nil
        case .brokers, .controller: false
        }
    }

    /// Performs a look-up. Returns the error if it fails.
    private func perform(_ lookUp: LookUp, deadline: MonotonicTime) async -> KafkaError? {
        do throws(KafkaError) {
            switch lookUp {
            case .topic(let name): _ = try await self.topic(name, deadline: deadline)
            case .brokers, .controller: _ = try await self.refreshedMetadata(deadline: deadline)
            case .coordinator(let key): _ = try await self.coordinator(key.kind, for: key.name, deadline: deadline)
            }
            return nil
        } catch {
            return error
        }
    }

    // MARK: Sending

    /// Sends a dispatch. If it fails, forgets the routes that the error makes doubtful.
    private func send<C: Call>(
        _ call: C, _ dispatch: CallStateMachine<C.Item, C.Value>.Dispatch, deadline: MonotonicTime
    ) async -> Reply<C> {
        var connection: BrokerConnection?
        do throws(KafkaError) {
            // A request that isn't repeated at another broker is given the whole time.
            let canRepeat = call.isRepeatable || !call.hasEffect
            let (open, limit) = try await self.connection(
                for: dispatch, call.purpose, deadline: deadline, canRepeat: canRepeat)
            connection = open
            let patience = call.patience.map { self.loop.now + $0 } ?? limit
            let outcomes = try await self.exchange(
                call, dispatch.items, on: open, deadline: min(limit, patience))
            self.forgetRefusing(call, outcomes, at: dispatch.route)
            return .answered(outcomes, by: open.broker.server)
        } catch {
            if error.isRetriable {
                for destination in Set(dispatch.items.map(call.destination(of:))) {
                    self.forget(destination, at: dispatch.route, because: error)
                }
            }
            return .failed(error, at: connection?.broker.server)
        }
    }

    /// Returns the connection for a dispatch, and the deadline for its answer.
    private func connection<Item, Value>(
        for dispatch: CallStateMachine<Item, Value>.Dispatch, _ purpose: ConnectionPurpose, deadline: MonotonicTime,
        canRepeat: Bool
    ) async throws(KafkaError) -> (BrokerConnection, MonotonicTime) {
        switch dispatch.route {
        case .anyBroker:
            let connection = try await self.anyConnection(deadline: deadline, avoiding: dispatch.avoiding)
            guard canRepeat else { return (connection, deadline) }
            return (connection, self.patience(until: deadline, refusals: dispatch.avoiding.count))
        case .broker(let id):
            return (try await self.connection(to: id, for: purpose, deadline: deadline), deadline)
        }
    }

    /// Sends the items in as many requests as necessary, and reads the answers.
    func exchange<C: Call>(
        _ call: C, _ items: [C.Item], on connection: BrokerConnection, deadline: MonotonicTime
    ) async throws(KafkaError) -> [C.Item: CallOutcome<C.Value>] {
        let version = try connection.versions.version(for: C.Request.self, within: call.versions)
        let recipient = Recipient(broker: connection.broker, version: version, metadata: self.metadata)
        var outcomes: [C.Item: CallOutcome<C.Value>] = [:]
        for items in items.chunked(by: call.maximumItems(version: version)) {
            do throws(KafkaError) {
                let response = try await self.request(
                    call.request(for: items, to: recipient), version: version, on: connection,
                    deadline: deadline, timeout: call.answerTimeout)
                outcomes.merge(call.outcomes(of: response, to: items, from: recipient)) { $1 }
            } catch {
                // The outcomes of earlier requests remain valid.
                guard !outcomes.isEmpty else { throw error }
                for item in items { outcomes[item] = error.isRetriable ? .again(error) : .failed(error) }
            }
        }
        return outcomes
    }

    /// The deadline for one broker if several can answer. It is short at first and longer after each refusal.
    private func patience(until deadline: MonotonicTime, refusals: Int) -> MonotonicTime {
        guard self.connections.candidateCount(known: self.metadata.brokers) > 1 else { return deadline }
        let now = self.loop.now
        let share = min((deadline - now) / 3, .seconds(3) * (1 << min(refusals, 4)))
        return min(deadline, now + max(share, .seconds(1)))
    }

    /// Sends a request and waits for its response until the deadline. Only the wait ends then: the connection stays
    /// open, because other requests use it. The broker counts as silent, so others are asked before it.
    ///
    /// - Parameter timeout: The time after which a missing response closes the connection, limited by the deadline. If
    ///   nil, this is the request timeout, regardless of the deadline.
    private func request<Request: KafkaRequest>(
        _ request: Request, version: Int16, on connection: BrokerConnection, deadline: MonotonicTime,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> Request.Response {
        let now = self.loop.now
        guard now < deadline else { throw .notSentInTime(Request.apiKey, to: connection.broker.description) }
        let promise = Promise<Request.Response>()
        let limit = timeout.map { min($0, deadline - now) } ?? self.configuration.requestTimeout
        connection.submit(request, version: version, timeout: limit) { promise.fulfill($0) }
        do throws(KafkaError) {
            return try await promise.value(until: deadline, on: self.loop) {
                var error = KafkaError.notSentInTime(Request.apiKey, to: connection.broker.description)
                if !connection.isPaused { error.message = "The broker did not answer \(Request.apiKey) in time." }
                error.isOutcomeUnknown = Request.apiKey.hasEffect
                return error
            }
        } catch {
            if error.code == .timedOut, !connection.isPaused { self.connections.noteSilence(of: connection.broker) }
            var error = error
            if error.code == .cancelled { error.isOutcomeUnknown = Request.apiKey.hasEffect && !connection.isPaused }
            throw error
        }
    }

    // MARK: Invalidating routes

    /// Forgets the leaders and coordinators of the items that must be sent to another broker.
    func forgetRefusing<C: Call>(_ call: C, _ outcomes: [C.Item: CallOutcome<C.Value>], at route: CallRoute) {
        for (item, outcome) in outcomes {
            guard case .elsewhere(let error) = outcome else { continue }
            self.forget(call.destination(of: item), at: route, because: error)
        }
    }

    /// Forgets that a broker is a leader or coordinator, and requests the current one.
    func forget(_ destination: Destination, at route: CallRoute, because error: KafkaError) {
        switch (destination, route) {
        case (.leader, _):
            self.requestMetadataUpdate("a leader did not answer, or isn't one")
        case (.controller, _):
            self.requestMetadataUpdate("the controller did not answer, or isn't one")
        case (.coordinator(let key), .broker(let broker)):
            self.coordinatorFailed(key.kind, for: key.name, broker: broker, because: error)
        case (.coordinator, .anyBroker), (.anyBroker, _), (.broker, _):
            break
        }
    }
}

extension KafkaError {
    /// The error for a response that doesn't contain the requested item.
    static func leftOut(by broker: KafkaServer?) -> KafkaError {
        KafkaError(
            .protocolError, "The broker's answer leaves out what was asked for.", broker: broker?.description,
            isRetriable: true)
    }

    /// Whether the error means that the coordinator must be looked up again.
    var isAboutCoordinator: Bool {
        switch self.brokerCode {
        case nil: self.isRetriable
        case ErrorCode.notCoordinator?, ErrorCode.coordinatorNotAvailable?: true
        default: false
        }
    }
}

/// The result of a dispatch.
private enum Reply<C: Call>: Sendable {
    case answered([C.Item: CallOutcome<C.Value>], by: KafkaServer)
    /// The broker is nil if the connection failed.
    case failed(KafkaError, at: KafkaServer?)
}

/// Information that is needed before an item can be sent.
private enum LookUp: Hashable, Sendable {
    case topic(String)
    case brokers
    case controller
    case coordinator(CoordinatorKey)
}

/// An event of a call in progress.
private enum CallEvent<C: Call>: Sendable {
    case lookedUp([C.Item], KafkaError?)
    /// One attempt was made at several look-ups.
    case lookedUpTogether([LookUp: [C.Item]])
    case ended(CallStateMachine<C.Item, C.Value>.Dispatch, Reply<C>)
    case paused
}

extension Array {
    /// Splits the array into chunks of at most `count` elements.
    fileprivate func chunked(by count: Int) -> [[Element]] {
        guard count < self.count else { return [self] }
        return stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
