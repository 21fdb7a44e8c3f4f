// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct CallStateMachineTests {
    private typealias Machine = CallStateMachine<String, Int>

    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private let one = KafkaServer(host: "one", port: 1)
    private let two = KafkaServer(host: "two", port: 2)
    private let backoff: (Int) -> Duration = { .milliseconds(100 * $0) }

    private func machine(_ items: [String], isRepeatable: Bool = true) -> Machine {
        Machine(items, isRepeatable: isRepeatable, begun: self.start, deadline: self.start + .seconds(10))
    }

    private func error(_ code: ErrorCode) -> KafkaError { KafkaError(code, doing: "testing") }

    /// Routes all unrouted items and returns the requests to send.
    private func dispatches(
        _ machine: inout Machine, now: MonotonicTime? = nil, _ route: (String) -> CallRoute = { _ in .anyBroker }
    ) -> [Machine.Dispatch] {
        let now = now ?? self.start
        if case .route(let items) = machine.next(now: now) {
            for item in items { machine.routed(item, route(item)) }
        }
        guard case .send(let dispatches) = machine.next(now: now) else { return [] }
        return dispatches
    }

    private func results(_ machine: inout Machine, now: MonotonicTime? = nil) -> [String: Result<Int, KafkaError>]? {
        if case .finished(let results) = machine.next(now: now ?? self.start) { results } else { nil }
    }

    @Test func itemsOfTheSameBrokerShareARequest() {
        var machine = self.machine(["a", "b", "c"])
        let sent = self.dispatches(&machine) { $0 == "c" ? .broker(2) : .broker(1) }
        #expect(Set(sent.map { Set($0.items) }) == [["a", "b"], ["c"]])
        for dispatch in sent {
            let outcomes = Dictionary(dispatch.items.map { ($0, CallOutcome.done($0.count)) }) { $1 }
            machine.answered(dispatch, outcomes, by: self.one, now: self.start, backoff: self.backoff)
        }
        #expect(self.results(&machine)?.compactMapValues { try? $0.get() } == ["a": 1, "b": 1, "c": 1])
    }

    @Test func onlyRefusedItemsAreRetriedAfterAPauseAtAnotherBroker() throws {
        var machine = self.machine(["a", "b"])
        let first = try #require(self.dispatches(&machine).first)
        machine.answered(
            first, ["a": .done(1), "b": .again(self.error(.coordinatorLoadInProgress))], by: self.one,
            now: self.start, backoff: self.backoff)
        guard case .wait(let time?) = machine.next(now: self.start) else {
            Issue.record("nothing is waited for")
            return
        }
        #expect(time == self.start + .milliseconds(100))
        let second = try #require(self.dispatches(&machine, now: time).first)
        #expect(second.items == ["b"] && second.avoiding == [self.one])
        machine.failed(
            second, KafkaError(.timedOut, "", isRetriable: true), at: self.two, now: time, backoff: self.backoff)
        let third = try #require(self.dispatches(&machine, now: time + .seconds(1)).first)
        #expect(third.avoiding == [self.one, self.two], "the newest refusal comes last")
    }

    @Test func finalErrorsAreNotRetried() throws {
        var machine = self.machine(["a"])
        let dispatch = try #require(self.dispatches(&machine).first)
        let refusal = CallOutcome<Int>(refusal: self.error(.topicAuthorizationFailed), at: .anyBroker)
        machine.answered(dispatch, ["a": refusal], by: self.one, now: self.start, backoff: self.backoff)
        #expect(self.failure(of: "a", in: &machine)?.brokerCode == .topicAuthorizationFailed)
    }

    /// The last attempt has certainly failed, but an earlier one may have succeeded.
    @Test func anUnknownOutcomeOfAnEarlierAttemptIsTold() throws {
        let unknown = KafkaError(.connectionFailed, "", isRetriable: true, isOutcomeUnknown: true)
        let refused = KafkaError(.connectionFailed, "", isRetriable: true)
        for isLate in [true, false] {
            var machine = self.machine(["a"])
            let first = try #require(self.dispatches(&machine).first)
            machine.failed(first, unknown, at: self.one, now: self.start, backoff: self.backoff)
            let now = self.start + .seconds(isLate ? 10 : 1)
            let second = try #require(self.dispatches(&machine, now: now).first)
            if isLate {
                machine.failed(second, refused, at: self.one, now: now, backoff: self.backoff)
            } else {
                let refusal = CallOutcome<Int>.failed(self.error(.clusterAuthorizationFailed))
                machine.answered(second, ["a": refusal], by: self.one, now: now, backoff: self.backoff)
            }
            #expect(self.failure(of: "a", in: &machine)?.isOutcomeUnknown == true)
        }
    }

    @Test func aRequestThatMayHaveTakenEffectIsRetriedOnlyIfItIsRepeatable() throws {
        let unknown = KafkaError(.timedOut, "", isRetriable: true, isOutcomeUnknown: true)
        for isRepeatable in [true, false] {
            var machine = self.machine(["a"], isRepeatable: isRepeatable)
            let dispatch = try #require(self.dispatches(&machine).first)
            machine.failed(dispatch, unknown, at: self.one, now: self.start, backoff: self.backoff)
            #expect((self.failure(of: "a", in: &machine) == nil) == isRepeatable)
        }
    }

    @Test func theLastErrorBeforeTheDeadlineNamesTheNumberOfAttempts() throws {
        var machine = self.machine(["a"])
        var now = self.start
        for _ in 0..<100 {
            guard let dispatch = self.dispatches(&machine, now: now).first else { break }
            machine.answered(
                dispatch, ["a": .again(self.error(.coordinatorLoadInProgress))], by: self.one, now: now,
                backoff: { _ in .seconds(1) })
            now = now + .seconds(1)
        }
        let failure = try #require(self.failure(of: "a", in: &machine, now: now))
        #expect(failure.brokerCode == .coordinatorLoadInProgress)
        #expect(failure.message.contains("The last of 10 attempts in 9 s."))
    }

    /// A response can also leave the outcome unknown.
    @Test func anUnknownOutcomeOnTheBrokerIsRetriedOnlyIfTheCallIsRepeatable() throws {
        var unknown = self.error(.requestTimedOut)
        unknown.isOutcomeUnknown = true
        for isRepeatable in [true, false] {
            for outcomes in [["a": CallOutcome<Int>.again(unknown)], [:]] {
                var machine = self.machine(["a"], isRepeatable: isRepeatable)
                let dispatch = try #require(self.dispatches(&machine).first)
                machine.answered(dispatch, outcomes, by: self.one, now: self.start, backoff: self.backoff)
                #expect((self.failure(of: "a", in: &machine) == nil) == isRepeatable)
            }
        }
    }

    @Test func anItemThatTheResponseOmitsIsRequestedAgain() throws {
        var machine = self.machine(["a"])
        let dispatch = try #require(self.dispatches(&machine).first)
        machine.answered(dispatch, [:], by: self.one, now: self.start, backoff: self.backoff)
        #expect(self.results(&machine) == nil)
        #expect(self.dispatches(&machine, now: self.start + .seconds(1)).count == 1)
    }

    private func failure(of item: String, in machine: inout Machine, now: MonotonicTime? = nil) -> KafkaError? {
        guard case .failure(let error)? = self.results(&machine, now: now)?[item] else { return nil }
        return error
    }

    /// For any responses in any order: every item gets one result, none is in two requests at once, and no item that is
    /// done is sent again.
    @Test(arguments: UInt64(1)...200)
    func everyItemHasExactlyOneResult(seed: UInt64) {
        var random = SeededRandom(seed)
        let items = (0..<Int.random(in: 1...8, using: &random)).map { "item\($0)" }
        var machine = self.machine(items, isRepeatable: Bool.random(using: &random))
        var now = self.start
        var inFlight: [Machine.Dispatch] = []
        var lookingUp: [[String]] = []
        var done: Set<String> = []
        for _ in 0..<10_000 {
            switch machine.next(now: now) {
            case .finished(let results):
                #expect(Set(results.keys) == Set(items))
                #expect(inFlight.isEmpty && lookingUp.isEmpty)
                return
            case .route(let unrouted):
                for item in unrouted {
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0:
                        machine.lookingUp([item])
                        lookingUp.append([item])
                    case 1:
                        machine.unroutable(item, self.error(.leaderNotAvailable), now: now, backoff: self.backoff)
                    case 2: machine.routed(item, .anyBroker)
                    default: machine.routed(item, .broker(.random(in: 1...3, using: &random)))
                    }
                }
            case .send(let dispatches):
                for item in dispatches.flatMap(\.items) {
                    #expect(!done.contains(item) && !inFlight.contains { $0.items.contains(item) })
                }
                inFlight += dispatches
            case .wait(let time):
                let events = inFlight.count + lookingUp.count
                if events == 0 || (time != nil && Bool.random(using: &random)) {
                    guard let time else {
                        Issue.record("nothing will ever happen")
                        return
                    }
                    now = max(now, time)
                } else if let index = inFlight.indices.randomElement(using: &random) {
                    done.formUnion(self.answer(inFlight.remove(at: index), &machine, now, &random))
                } else {
                    let isFound = Int.random(in: 0..<4, using: &random) > 0
                    machine.lookedUp(lookingUp.removeLast(), isFound ? nil : self.error(.groupAuthorizationFailed))
                }
            }
        }
        Issue.record("the call doesn't end")
    }

    /// Answers a dispatch at random, and returns the items that are done.
    private func answer(
        _ dispatch: Machine.Dispatch, _ machine: inout Machine, _ now: MonotonicTime, _ random: inout SeededRandom
    ) -> [String] {
        if Int.random(in: 0..<4, using: &random) == 0 {
            let error = KafkaError(
                .connectionFailed, "", isRetriable: true, isOutcomeUnknown: Bool.random(using: &random))
            machine.failed(dispatch, error, at: self.one, now: now, backoff: self.backoff)
            return []
        }
        var outcomes: [String: CallOutcome<Int>] = [:]
        for item in dispatch.items {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: outcomes[item] = .done(1)
            case 1: outcomes[item] = .failed(self.error(.groupAuthorizationFailed))
            case 2: outcomes[item] = .elsewhere(self.error(.notCoordinator))
            case 3: outcomes[item] = .again(self.error(.requestTimedOut))
            default: break
            }
        }
        machine.answered(dispatch, outcomes, by: self.two, now: now, backoff: self.backoff)
        return dispatch.items.filter { item in
            switch outcomes[item] {
            case .done?, .failed?: true
            default: false
            }
        }
    }
}
