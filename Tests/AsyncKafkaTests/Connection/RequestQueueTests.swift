// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// When each request of a connection is written, and how it ends.
@Suite struct RequestQueueTests {
    /// The results of requests: an error, or nil.
    private final class Ends: Sendable {
        private let ends = Lock<[Int32: KafkaError?]>([:])

        func note(_ id: Int32, _ error: KafkaError?) {
            self.ends.withLock { ends in
                if ends[id] != nil { Issue.record("request \(id) ended twice") }
                ends[id] = .some(error)
            }
        }

        var all: [Int32: KafkaError?] { self.ends.withLock { $0 } }
    }

    /// A queue whose requests record their results.
    private final class Rig {
        var queue: RequestQueue
        var now = MonotonicTime(nanoseconds: 1_000_000_000)
        private let ends = Ends()
        /// The correlation ids in the order of writing.
        private(set) var written: [Int32] = []

        init(limit: Int = 4) {
            self.queue = RequestQueue(limit: limit, broker: "b:1")
        }

        @discardableResult
        func submit(
            _ id: Int32, _ api: APIKey = .metadata, isAnswered: Bool = true, timeout: Duration = .seconds(30),
            isAuthentication: Bool = false
        ) -> RequestQueue.SubmitAction {
            let ends = self.ends
            let answer: QueuedRequest.Answer =
                isAnswered
                ? .expected(correlationID: id) { ends.note(id, $0.failure) } : .never { ends.note(id, $0.failure) }
            let request = QueuedRequest(api, version: 0, deadline: self.now + timeout, answer: answer)
            let action = self.queue.submit(
                request, [Bytes([UInt8(truncatingIfNeeded: id)])], now: self.now, isAuthentication: isAuthentication)
            switch action {
            case .write: self.written.append(id)
            case .wait: break
            case .refuse(let error): request.failed(error)
            }
            return action
        }

        func writeWaiting() {
            while let (request, frame) = self.queue.next(now: self.now) {
                #expect(request.writtenAt == self.now)
                frame[0].withUnsafeBytes { self.written.append(Int32($0[0])) }
            }
        }

        /// Returns whether the connection must be closed.
        @discardableResult
        func receive(_ id: Int32?) -> Bool {
            switch self.queue.received(correlationID: id) {
            case .complete(let answered):
                for request in answered.taken { request.taken() }
                answered.request.answered(Bytes([0, 0, 0, 0]))
                return false
            case .close(let error):
                self.close(error)
                return true
            case .ignore:
                return false
            }
        }

        func take() {
            for request in self.queue.takeTaken() { request.taken() }
        }

        @discardableResult
        func expire() -> KafkaError? {
            let (failed, action) = self.queue.expire(now: self.now)
            for failed in failed { failed.request.failed(failed.error) }
            guard case .close(let error) = action else { return nil }
            self.close(error)
            return error
        }

        func close(_ error: KafkaError) {
            for failed in self.queue.close(error) ?? [] { failed.request.failed(failed.error) }
        }

        func hasSucceeded(_ id: Int32) -> Bool { if case .some(nil) = self.ends.all[id] { true } else { false } }
        func error(_ id: Int32) -> KafkaError? { self.ends.all[id] ?? nil }
        var endedCount: Int { self.ends.all.count }
    }

    private let broken = KafkaError(.connectionFailed, "broken")

    // MARK: Order

    @Test func requestsWithoutAnswersKeepTheirPlaceInTheOrder() {
        let rig = Rig()
        rig.queue.hold()
        rig.submit(1, .produce, isAnswered: false)
        rig.submit(2)
        rig.submit(3, .produce, isAnswered: false)
        rig.submit(9, .saslHandshake, isAuthentication: true)
        rig.writeWaiting()
        #expect(rig.written == [9])
        rig.queue.release()
        rig.submit(4, .produce, isAnswered: false)
        rig.writeWaiting()
        #expect(rig.written == [9, 1, 2, 3, 4])
    }

    @Test func theLimitInFlightExcludesRequestsWithoutAnswers() {
        let rig = Rig(limit: 2)
        for id in 1...3 as ClosedRange<Int32> { rig.submit(id, .produce, isAnswered: false) }
        for id in 4...6 as ClosedRange<Int32> { rig.submit(id) }
        #expect(rig.written == [1, 2, 3, 4, 5])
        #expect(rig.queue.inFlight == 2)
        rig.submit(7, .produce, isAnswered: false)
        rig.receive(4)
        rig.writeWaiting()
        #expect(rig.written == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test func theNumberOfWaitingRequestsIsBounded() {
        let rig = Rig(limit: 1)
        rig.queue.hold()
        for id in 0..<16 as Range<Int32> { rig.submit(id, isAnswered: id % 2 == 0) }
        rig.submit(100, .produce, isAnswered: false)
        #expect(rig.error(100)?.code == .bufferFull)
        #expect(rig.queue.count == 16)
    }

    @Test func aPauseLastsUntilItsLatestEnd() {
        let rig = Rig()
        rig.queue.pause(until: rig.now + .seconds(5))
        rig.queue.pause(until: rig.now + .seconds(2))
        guard case .wait(let until) = rig.submit(1) else {
            Issue.record("written during a pause")
            return
        }
        #expect(until == rig.now + .seconds(5))
        rig.now = rig.now + .seconds(4)
        rig.writeWaiting()
        #expect(rig.written.isEmpty && rig.queue.isPaused(now: rig.now))
        rig.now = rig.now + .seconds(1)
        rig.writeWaiting()
        #expect(rig.written == [1] && !rig.queue.isPaused(now: rig.now))
    }

    // MARK: Answers

    @Test func anAnswerShowsThatEarlierRequestsWereRead() {
        let rig = Rig()
        rig.submit(1, .produce, isAnswered: false)
        rig.submit(2)
        rig.submit(3, .produce, isAnswered: false)
        rig.receive(2)
        #expect(rig.hasSucceeded(1) && rig.hasSucceeded(2))
        #expect(rig.endedCount == 2)
        rig.take()
        #expect(rig.hasSucceeded(3))
    }

    @Test func requestsInFlightStayWhenTheSystemHasAcceptedAllBytes() {
        let rig = Rig()
        rig.submit(1)
        rig.submit(2, .produce, isAnswered: false)
        rig.submit(3)
        rig.take()
        #expect(rig.hasSucceeded(2) && rig.endedCount == 1)
        rig.receive(1)
        rig.receive(3)
        #expect(rig.endedCount == 3)
    }

    @Test(arguments: [nil, 2, 3] as [Int32?])
    func anAnswerOutOfOrderClosesTheConnection(_ id: Int32?) {
        let rig = Rig()
        rig.submit(1, .produce)
        rig.submit(2)
        #expect(rig.receive(id))
        #expect(rig.error(1)?.code == .protocolError)
        #expect(rig.error(1)?.isOutcomeUnknown == true)
        #expect(rig.error(2)?.isOutcomeUnknown == false)
        #expect(!rig.receive(1), "later answers are ignored")
    }

    @Test func anUnexpectedAnswerClosesTheConnection() {
        let rig = Rig()
        rig.submit(1, .produce, isAnswered: false)
        #expect(rig.receive(1))
        #expect(rig.error(1)?.isOutcomeUnknown == true)
    }

    @Test func theLastAnswerBeforeARenewalIsReported() {
        let rig = Rig()
        rig.submit(1)
        rig.submit(2)
        rig.queue.hold()
        var isLast: [Bool] = []
        for id in [1, 2] as [Int32] {
            guard case .complete(let answered) = rig.queue.received(correlationID: id) else { continue }
            isLast.append(answered.isLastBeforeRenewal)
        }
        #expect(isLast == [false, true])
    }

    @Test func theOldestRequestInFlightCanBeRemoved() {
        let rig = Rig()
        rig.submit(1, .produce, isAnswered: false)
        rig.submit(2, .fetch)
        rig.submit(3)
        let first = rig.queue.takeFirstInFlight()
        #expect(first?.api == .fetch)
        rig.close(self.broken)
        #expect(rig.error(1) != nil && rig.error(3) != nil)
        #expect(rig.endedCount == 2)
    }

    // MARK: Deadlines

    @Test func aWaitingRequestTimesOutAlone() {
        let rig = Rig()
        rig.queue.hold()
        rig.submit(1, timeout: .seconds(1))
        rig.submit(2, .produce, isAnswered: false, timeout: .seconds(1))
        rig.submit(3, timeout: .seconds(2))
        #expect(rig.queue.earliestDeadline == rig.now + .seconds(1))
        rig.now = rig.now + .seconds(1)
        #expect(rig.expire() == nil)
        for id in [1, 2] as [Int32] {
            #expect(rig.error(id)?.code == .timedOut)
            #expect(rig.error(id)?.isOutcomeUnknown == false && rig.error(id)?.broker == "b:1")
        }
        #expect(rig.queue.earliestDeadline == rig.now + .seconds(1))
        #expect(rig.endedCount == 2)
    }

    @Test(arguments: [true, false])
    func aWrittenRequestThatTimesOutClosesTheConnection(isAnswered: Bool) {
        let rig = Rig()
        rig.submit(1, .produce, isAnswered: isAnswered, timeout: .seconds(1))
        rig.submit(2)
        rig.now = rig.now + .seconds(1)
        #expect(rig.expire()?.code == .timedOut)
        #expect(rig.error(1)?.isOutcomeUnknown == true)
        #expect(rig.error(2)?.isOutcomeUnknown == false)
    }

    @Test func anImplausiblePauseClosesTheConnectionOnceARequestExpires() {
        let rig = Rig()
        rig.queue.pause(until: rig.now + .seconds(1000), senselessLength: .seconds(1000))
        rig.submit(1, .produce, isAnswered: false, timeout: .seconds(1))
        rig.submit(2)
        #expect(rig.expire() == nil)
        rig.now = rig.now + .seconds(1)
        #expect(rig.expire()?.message.contains("1000.0 seconds") == true)
        #expect(rig.error(1)?.isOutcomeUnknown == false)
        #expect(rig.error(2)?.isOutcomeUnknown == false)
    }

    // MARK: Closing

    @Test func waitingRequestsWereNeverSent() {
        let rig = Rig(limit: 1)
        rig.submit(1, .produce)
        rig.submit(2, .produce)
        rig.submit(3, .produce, isAnswered: false)
        rig.close(self.broken)
        #expect(rig.error(1)?.isOutcomeUnknown == true && rig.error(1)?.isRetriable == true)
        #expect(rig.error(2)?.isOutcomeUnknown == false && rig.error(2)?.isRetriable == false)
        #expect(rig.error(3)?.isOutcomeUnknown == false)
        let failedAgain = rig.queue.close(self.broken)
        #expect(failedAgain == nil)
        rig.submit(4)
        #expect(rig.error(4)?.code == .connectionFailed)
    }

    @Test func aQueueIsIdleOnlyWithoutRequests() {
        let rig = Rig(limit: 1)
        let idle = KafkaError(.closed, "idle", isRetriable: true)
        rig.submit(1)
        rig.submit(2)
        rig.submit(3, .produce, isAnswered: false)
        for id in [1, 2] as [Int32] {
            let isClosed = rig.queue.closeIfIdle(idle)
            #expect(!isClosed)
            rig.receive(id)
            rig.writeWaiting()
        }
        let isClosedEarly = rig.queue.closeIfIdle(idle)
        #expect(!isClosedEarly)
        rig.take()
        let isClosed = rig.queue.closeIfIdle(idle)
        #expect(isClosed)
        rig.submit(4)
        #expect(rig.error(4)?.isRetriable == true)
    }

    // MARK: A model

    /// Runs against a broker that answers in order. Each request is written at most once, in the order of submission,
    /// and ends once with the result that its history requires.
    @Test(arguments: 0..<60 as Range<UInt64>) func invariantsHoldInRandomRuns(seed: UInt64) {
        var random = SeededRandom(seed)
        let limit = Int.random(in: 1...5, using: &random)
        let rig = Rig(limit: limit)
        var isAnswered: [Int32: Bool] = [:]
        var authentications: Set<Int32> = []
        var isHeld = false
        var pauseEnd = rig.now
        var answered = 0
        func toAnswer() -> [Int32] { rig.written.filter { isAnswered[$0] == true } }
        for id in 0..<200 as Range<Int32> {
            let before = rig.written.count
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60:
                isAnswered[id] = Int.random(in: 0..<3, using: &random) > 0
                let isAuthentication = isHeld && isAnswered[id] == true && Int.random(in: 0..<4, using: &random) == 0
                if isAuthentication { authentications.insert(id) }
                rig.submit(
                    id, .produce, isAnswered: isAnswered[id] == true,
                    timeout: .seconds(Int.random(in: 20...1000, using: &random)), isAuthentication: isAuthentication)
            case 60..<80 where answered < toAnswer().count:
                #expect(!rig.receive(toAnswer()[answered]))
                answered += 1
            case 80..<85:
                rig.take()
            case 85..<90:
                isHeld.toggle()
                isHeld ? rig.queue.hold() : rig.queue.release()
            case 90..<93:
                pauseEnd = max(pauseEnd, rig.now + .seconds(3))
                rig.queue.pause(until: rig.now + .seconds(3))
            default:
                rig.now = rig.now + .seconds(1)
            }
            if Bool.random(using: &random) { rig.writeWaiting() }
            rig.expire()
            if isHeld || pauseEnd > rig.now {
                #expect(rig.written[before...].allSatisfy { authentications.contains($0) }, "seed \(seed)")
            }
            #expect(rig.queue.inFlight == (rig.queue.closed == nil ? toAnswer().count - answered : 0))
            #expect(rig.queue.count == isAnswered.count - rig.endedCount, "seed \(seed)")
            if authentications.isEmpty { #expect(rig.queue.inFlight <= limit) }
        }
        let order = rig.written.filter { !authentications.contains($0) }
        #expect(order == Array(Set(order)).sorted(), "seed \(seed): each once, in order")
        let wasClosed = rig.queue.closed != nil
        rig.close(self.broken)
        #expect(rig.endedCount == isAnswered.count, "seed \(seed): all have ended")
        let written = Set(rig.written)
        for id in isAnswered.keys {
            guard let error = rig.error(id) else {
                #expect(written.contains(id), "seed \(seed): \(id) can't have succeeded")
                continue
            }
            #expect(error.isOutcomeUnknown == written.contains(id), "seed \(seed): \(id), \(wasClosed)")
        }
    }
}
