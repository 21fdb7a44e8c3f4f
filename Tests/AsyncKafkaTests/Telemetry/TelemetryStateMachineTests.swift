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

@Suite struct TelemetryStateMachineTests {
    private static let id = KafkaUUID(high: 1, low: 2)
    private var machine = TelemetryStateMachine()
    private let subscription = TelemetrySubscription(
        clientInstanceID: id, id: 5, compressions: [.gzip], interval: .seconds(100), maxBytes: 1000, isDelta: true,
        prefixes: ["org."])

    private func at(_ seconds: Int) -> MonotonicTime { MonotonicTime(nanoseconds: 0) + .seconds(seconds) }

    private mutating func next(_ seconds: Int, hasBroker: Bool = true) -> TelemetryStateMachine.Step {
        self.machine.next(now: self.at(seconds), hasBroker: hasBroker)
    }

    /// A broker refuses a request. Returns whether that is the end.
    private mutating func isEnded(by code: ErrorCode, at seconds: Int) -> Bool {
        self.machine.refused(code, now: self.at(seconds))
    }

    /// A request has no answer. Returns whether that is the end.
    private mutating func isEnded(byTimeout isTimeout: Bool = true, at seconds: Int) -> Bool {
        self.machine.unanswered(isTimeout: isTimeout, now: self.at(seconds))
    }

    private mutating func subscribe(at seconds: Int = 0, jitter: Double = 1) {
        _ = self.next(seconds)
        self.machine.subscribed(self.subscription, now: self.at(seconds), jitter: jitter)
    }

    @Test mutating func aClientWaitsForABrokerThatTakesMetrics() {
        #expect(self.next(0, hasBroker: false) == .wait(until: nil))
        #expect(self.next(1000, hasBroker: false) == .wait(until: nil))
        #expect(self.next(1001) == .subscribe(.zero))
        #expect(self.next(1001) == .wait(until: nil))
    }

    @Test(arguments: [(0.5, 50), (1.5, 150)])
    mutating func theFirstPushIsSpreadAndTheOthersFollowAtTheInterval(jitter: Double, first: Int) {
        self.subscribe(jitter: jitter)
        #expect(self.machine.clientInstanceID == Self.id)
        #expect(self.next(0) == .wait(until: self.at(first)))
        #expect(self.next(first) == .push(self.subscription, isLast: false))
        self.machine.pushed(now: self.at(first + 1))
        #expect(self.next(first + 1) == .wait(until: self.at(first + 101)))
        #expect(self.next(first + 101) == .push(self.subscription, isLast: false))
    }

    @Test mutating func aBrokerThatWantsNothingIsAskedAgainAfterTheInterval() {
        var nothing = self.subscription
        nothing.prefixes = []
        _ = self.next(0)
        self.machine.subscribed(nothing, now: self.at(0), jitter: 0.5)
        #expect(self.next(99) == .wait(until: self.at(100)))
        #expect(self.next(100) == .subscribe(Self.id))
    }

    @Test(arguments: [ErrorCode.unknownSubscriptionId, .unsupportedCompressionType])
    mutating func anotherSubscriptionIsAskedForAtOnce(code: ErrorCode) {
        self.subscribe()
        _ = self.next(100)
        #expect(self.isEnded(by: code, at: 100) == false)
        #expect(self.next(100) == .subscribe(Self.id))
        // A broker that says this of the question is not asked in a loop.
        #expect(self.isEnded(by: code, at: 100) == false)
        #expect(self.next(100) == .wait(until: self.at(200)))
        #expect(self.next(200) == .subscribe(Self.id))
    }

    @Test(arguments: [ErrorCode.telemetryTooLarge, .throttlingQuotaExceeded, .requestTimedOut])
    mutating func anotherSubscriptionIsAskedForAfterTheInterval(code: ErrorCode) {
        self.subscribe()
        _ = self.next(100)
        #expect(self.isEnded(by: code, at: 100) == false)
        #expect(self.next(199) == .wait(until: self.at(200)))
        #expect(self.next(200) == .subscribe(Self.id))
    }

    @Test(arguments: [
        ErrorCode.invalidRequest, .invalidRecord, .unsupportedVersion, .clusterAuthorizationFailed,
        ErrorCode(rawValue: 9999),
    ])
    mutating func nothingMoreIsSent(after code: ErrorCode) {
        self.subscribe()
        _ = self.next(100)
        #expect(self.isEnded(by: code, at: 100) == true)
        #expect(self.machine.isOver && self.next(100_000) == .end)
    }

    @Test mutating func aRequestWithoutAnAnswerIsFollowedByAQuestionAfterTheInterval() {
        _ = self.next(0)
        #expect(self.isEnded(at: 0) == false)
        #expect(self.next(0) == .wait(until: self.at(300)), "no broker has told an interval: Kafka's is 5 min")
        #expect(self.next(300) == .subscribe(.zero))
        self.machine.subscribed(self.subscription, now: self.at(300), jitter: 1)
        _ = self.next(400)
        #expect(self.isEnded(at: 410) == false)
        #expect(self.next(410) == .wait(until: self.at(510)))
        #expect(self.next(510) == .subscribe(Self.id))
    }

    @Test mutating func threePushesInARowWithoutAnAnswerAreTheEnd() {
        self.subscribe()
        // A push that is answered in between makes it begin anew.
        for (count, isAnswered) in [false, false, true, false, false, false].enumerated() {
            let now = 200 * count + 100
            let push = self.next(now)
            #expect(push == .push(self.subscription, isLast: false))
            if isAnswered {
                self.machine.pushed(now: self.at(now))
            } else {
                let isEnd = self.isEnded(at: now)
                #expect(isEnd == (count == 5))
                self.subscribe(at: now + 100)
            }
        }
        #expect(self.machine.isOver)
    }

    @Test mutating func requestsThatFailWithTheirConnectionsAreNotTheEnd() {
        for count in 0..<10 {
            self.subscribe(at: 300 * count)
            _ = self.next(300 * count + 100)
            let isEnd = self.isEnded(byTimeout: false, at: 300 * count + 100)
            #expect(!isEnd)
        }
        #expect(!self.machine.isOver)
    }

    @Test mutating func questionsWithoutAnAnswerAreTheEndIfNoneIsAnswered() {
        for (count, isAnswered) in [false, false, true, false, false, false].enumerated() {
            let question = self.next(1000 * count)
            guard case .subscribe = question else {
                Issue.record("\(question)")
                return
            }
            if isAnswered {
                var nothing = self.subscription
                nothing.prefixes = []
                self.machine.subscribed(nothing, now: self.at(1000 * count), jitter: 1)
            } else {
                let isEnd = self.isEnded(at: 1000 * count)
                #expect(isEnd == (count == 5))
            }
        }
    }

    @Test mutating func ifNoBrokerIsConnectedWhenAPushIsDueTheNextOneIsAskedForItsSubscription() {
        self.subscribe()
        #expect(self.next(100, hasBroker: false) == .wait(until: nil))
        #expect(self.next(130) == .subscribe(Self.id))
    }

    @Test mutating func theLastPushFollowsAtOnceOnClosing() {
        self.subscribe()
        self.machine.close()
        #expect(!self.machine.isOver)
        #expect(self.next(1) == .push(self.subscription, isLast: true))
        self.machine.pushed(now: self.at(1))
        #expect(self.machine.isOver && self.next(1) == .end)
    }

    @Test mutating func theLastPushFollowsTheOneThatIsUnderWay() {
        self.subscribe()
        _ = self.next(100)
        self.machine.close()
        #expect(self.next(100) == .wait(until: nil))
        self.machine.pushed(now: self.at(101))
        #expect(self.next(101) == .push(self.subscription, isLast: true))
        #expect(self.isEnded(by: .throttlingQuotaExceeded, at: 101) == false)
        #expect(self.next(101) == .end)
    }

    @Test mutating func closingDoesNotWaitForASubscription() {
        self.machine.close()
        #expect(self.machine.isOver)
        self.machine = TelemetryStateMachine()
        _ = self.next(0)
        self.machine.close()
        #expect(self.machine.isOver)
        self.machine.subscribed(self.subscription, now: self.at(1), jitter: 1)
        #expect(self.next(200) == .end)
    }

    @Test mutating func closingWithoutABrokerEndsAtOnce() {
        self.subscribe()
        self.machine.close()
        #expect(self.next(1, hasBroker: false) == .end)
    }

    /// Whatever brokers answer, one request is under way at a time, pushes to a broker that answers aren't closer than half of the
    /// interval, and questions are not repeated in a loop.
    @Test(arguments: 0..<200 as Range<UInt64>) mutating func requestsAreRareWhateverBrokersAnswer(seed: UInt64) {
        var random = SeededRandom(seed)
        let codes: [ErrorCode] = [
            .unknownSubscriptionId, .unsupportedCompressionType, .telemetryTooLarge, .throttlingQuotaExceeded,
            .requestTimedOut,
        ]
        var (now, requests, lastPush) = (self.at(0), 0, nil as MonotonicTime?)
        while now < self.at(100_000) {
            let step = self.machine.next(now: now, hasBroker: .random(in: 0..<10, using: &random) > 0)
            switch step {
            case .wait(let time):
                #expect(time.map { $0 > now } ?? true)
                now = time ?? now + .seconds(10)
            case .subscribe, .push:
                requests += 1
                let following = self.machine.next(now: now, hasBroker: true)
                #expect(following == .wait(until: nil))
                if case .push = step {
                    if let lastPush { #expect(now - lastPush >= .seconds(50)) }
                    lastPush = now
                }
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    let isEnd = self.machine.refused(codes[Int.random(in: 0..<codes.count, using: &random)], now: now)
                    #expect(!isEnd)
                case 1:
                    let isEnd = self.machine.unanswered(isTimeout: false, now: now)
                    #expect(!isEnd)
                default:
                    if case .push = step {
                        self.machine.pushed(now: now)
                    } else {
                        let jitter = Double.random(in: 0.5...1.5, using: &random)
                        self.machine.subscribed(self.subscription, now: now, jitter: jitter)
                    }
                }
            case .end:
                Issue.record("The machine has ended")
                return
            }
        }
        #expect(requests > 300 && requests < 3000, "\(requests)")
    }
}
