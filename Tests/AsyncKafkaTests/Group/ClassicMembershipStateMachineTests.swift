// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

private typealias Machine = ClassicMembershipStateMachine

/// Ways into each state, events, and names for them.
private enum Fixture {
    static let now = MonotonicTime(nanoseconds: 1_000_000_000)
    static let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]

    static func error(_ code: ErrorCode) -> KafkaError { KafkaError(code, doing: "testing") }
    static let disconnected = KafkaError(.connectionFailed, "gone", isRetriable: true)

    static func new(isStatic: Bool = false) -> Machine {
        Machine(isStatic: isStatic, heartbeatInterval: .seconds(3))
    }

    /// The machine in a state, holding two partitions where it holds any.
    static func machine(_ place: String, isStatic: Bool = false) -> Machine {
        var machine = self.new(isStatic: isStatic)
        if place == "idle" { return machine }
        if place == "leaving" {
            machine = self.machine("stable", isStatic: isStatic)
            _ = machine.prepareToLeave()
            return machine
        }
        machine.rebalance(because: "start")
        if place == "unjoined" { return machine }
        machine.requestSent(now: self.now)
        if place == "joining" { return machine }
        if place == "failed" {
            _ = machine.joinFailed(self.error(.groupAuthorizationFailed))
            return machine
        }
        machine.joined(memberID: "m", generation: 5, now: self.now)
        if place == "syncing" { return machine }
        machine.synced(self.partitions)
        if place == "assigning" { return machine }
        _ = machine.stepBegan()
        if place == "assigning*" { return machine }
        machine.stepEnded()
        switch place {
        case "revoking", "revoking*":
            machine.rebalance(because: "changed")
            if place == "revoking*" { _ = machine.stepBegan() }
        case "losing", "losing*":
            machine.refused(self.error(.unknownMemberId), sender: machine.identity)
            if place == "losing*" { _ = machine.stepBegan() }
        case "suspended":
            _ = machine.pollIntervalExpired()
            _ = machine.stepBegan()
            machine.stepEnded()
        default: break
        }
        return machine
    }

    /// A star means that the reader is at work on the step.
    static let places = [
        "idle", "unjoined", "joining", "syncing", "assigning", "assigning*", "stable", "revoking", "revoking*",
        "losing", "losing*", "suspended", "leaving", "failed",
    ]

    static let events: [(String, @Sendable (inout Machine) -> Void)] = [
        ("rebalance", { $0.rebalance(because: "changed") }),
        ("stepBegan", { _ = $0.stepBegan() }),
        ("stepEnded", { $0.stepEnded() }),
        ("readerAsked", { _ = $0.readerAsked() }),
        ("pollIntervalExpired", { _ = $0.pollIntervalExpired() }),
        ("prepareToLeave", { _ = $0.prepareToLeave() }),
        ("leave", { _ = $0.leave(reason: "closed") }),
        ("requestSent", { $0.requestSent(now: now) }),
        ("joined", { $0.joined(memberID: "n", generation: 6, now: now) }),
        ("joinFailed member id required", { _ = $0.joinFailed(error(.memberIdRequired), memberID: "n") }),
        ("joinFailed unknown member", { _ = $0.joinFailed(error(.unknownMemberId)) }),
        ("joinFailed not coordinator", { _ = $0.joinFailed(error(.notCoordinator)) }),
        ("joinFailed loading", { _ = $0.joinFailed(error(.coordinatorLoadInProgress)) }),
        ("joinFailed disconnected", { _ = $0.joinFailed(disconnected) }),
        ("joinFailed fatal", { _ = $0.joinFailed(error(.inconsistentGroupProtocol)) }),
        ("synced", { $0.synced(partitions) }),
        ("syncFailed rebalance", { _ = $0.syncFailed(error(.rebalanceInProgress)) }),
        ("syncFailed unknown member", { _ = $0.syncFailed(error(.unknownMemberId)) }),
        ("syncFailed fatal", { _ = $0.syncFailed(error(.groupAuthorizationFailed)) }),
        ("refused rebalance", { $0.refused(error(.rebalanceInProgress), sender: $0.identity) }),
        ("refused generation", { $0.refused(error(.illegalGeneration), sender: $0.identity) }),
        ("refused member", { $0.refused(error(.unknownMemberId), sender: $0.identity) }),
        ("refused fenced", { $0.refused(error(.fencedInstanceId), sender: $0.identity) }),
        ("refused coordinator", { $0.refused(error(.notCoordinator), sender: $0.identity) }),
        ("heartbeatFailed", { $0.heartbeatFailed(now: now, backoff: .seconds(1)) }),
    ]
}

@Suite struct ClassicMembershipStateMachineTests {
    /// The state after each event in each place; what is not listed stays where it is.
    static let transitions: [String: [String: String]] = [
        "rebalance": ["idle": "unjoined", "stable": "revoking", "failed": "unjoined"],
        "stepBegan": [:],
        "stepEnded": ["assigning*": "stable", "revoking*": "unjoined", "losing*": "unjoined"],
        "readerAsked": ["suspended": "unjoined"],
        "pollIntervalExpired": ["assigning": "suspended", "stable": "losing", "revoking": "losing"],
        "prepareToLeave": Dictionary(Fixture.places.map { ($0, "leaving") }) { $1 },
        "leave": Dictionary(Fixture.places.map { ($0, "idle") }) { $1 },
        "requestSent": ["unjoined": "joining"],
        "joined": ["joining": "syncing"],
        "joinFailed member id required": ["joining": "unjoined"],
        "joinFailed unknown member": ["joining": "unjoined"],
        "joinFailed not coordinator": ["joining": "unjoined"],
        "joinFailed loading": ["joining": "unjoined"],
        "joinFailed disconnected": ["joining": "unjoined"],
        "joinFailed fatal": ["joining": "failed"],
        "synced": ["syncing": "assigning"],
        "syncFailed rebalance": ["syncing": "unjoined"],
        "syncFailed unknown member": ["syncing": "unjoined"],
        "syncFailed fatal": ["syncing": "failed"],
        "refused rebalance": ["stable": "revoking"],
        "refused generation": [
            "syncing": "unjoined", "assigning": "unjoined", "stable": "losing", "revoking": "losing",
        ],
        "refused member": [
            "syncing": "unjoined", "assigning": "unjoined", "stable": "losing", "revoking": "losing",
        ],
        "refused fenced": ["syncing": "failed", "assigning": "failed", "stable": "losing", "revoking": "losing"],
        "refused coordinator": [:],
        "heartbeatFailed": [:],
    ]

    @Test(arguments: Fixture.places)
    func everyPlaceIsWhatItSays(place: String) {
        #expect("\(Fixture.machine(place).state)" == place.filter { $0 != "*" })
    }

    @Test(arguments: Fixture.places)
    func everyEventInEveryPlace(place: String) throws {
        for (name, event) in Fixture.events {
            var machine = Fixture.machine(place)
            event(&machine)
            let expected = try #require(Self.transitions[name])[place] ?? place.filter { $0 != "*" }
            #expect("\(machine.state)" == expected, "\(name) in \(place)")
        }
    }

    // MARK: The usual life

    @Test func joinsSyncsAndIsStable() {
        var machine = Fixture.new()
        #expect(machine.nextRequest == nil)
        machine.rebalance(because: "start")
        #expect(machine.nextRequest == .join(.init(), reason: "start"))
        machine.requestSent(now: Fixture.now)
        #expect(machine.nextRequest == nil)
        machine.joined(memberID: "m", generation: 5, now: Fixture.now)
        #expect(machine.nextRequest == .sync(.init(memberID: "m", generation: 5)))
        machine.synced(Fixture.partitions)
        #expect(machine.step == .assign(Fixture.partitions))
        let result1 = machine.stepBegan()
        #expect(result1 == .assign(Fixture.partitions))
        // A step is handed out once.
        let result2 = machine.stepBegan()
        #expect(result2 == nil)
        machine.stepEnded()
        #expect(machine.state == .stable && machine.owned == Fixture.partitions && machine.step == nil)
    }

    @Test func theCoordinatorNamesANewMemberBeforeItJoins() {
        var machine = Fixture.machine("joining")
        let result3 = machine.joinFailed(Fixture.error(.memberIdRequired), memberID: "m")
        #expect(result3 == .atOnce)
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: -1), reason: "start"))
    }

    @Test func everythingIsGivenUpBeforeJoiningAgain() {
        var machine = Fixture.machine("stable")
        machine.rebalance(because: "topics changed")
        #expect(machine.nextRequest == nil)
        let result4 = machine.stepBegan()
        #expect(result4 == .revoke(Fixture.partitions))
        // Commits of the old generation are good until the step is done.
        #expect(machine.isMember && machine.identity.generation == 5)
        machine.stepEnded()
        #expect(machine.owned.isEmpty)
        #expect(machine.nextRequest == .join(.init(memberID: "m", generation: 5), reason: "topics changed"))
    }

    @Test func aMemberWithoutPartitionsHasNothingToRevoke() {
        var machine = Fixture.machine("syncing")
        machine.synced([])
        // But it hears of its empty assignment.
        let result5 = machine.stepBegan()
        #expect(result5 == .assign([]))
        machine.stepEnded()
        machine.rebalance(because: "changed")
        #expect(machine.state == .unjoined)
    }

    // MARK: Heartbeats

    @Test func heartbeatsGoOnWhileTheListenerWorks() {
        for place in ["syncing", "assigning", "assigning*", "stable", "revoking", "revoking*", "leaving"] {
            var machine = Fixture.machine(place)
            let due = Fixture.now + .seconds(3)
            let result6 = machine.heartbeat(now: Fixture.now)
            #expect(result6 == .at(due), "\(place)")
            let result7 = machine.heartbeat(now: due)
            #expect(result7 == .send(.init(memberID: "m", generation: 5)), "\(place)")
            let result8 = machine.heartbeat(now: due)
            #expect(result8 == .at(due + .seconds(3)), "\(place)")
        }
        for place in ["idle", "unjoined", "joining", "losing", "losing*", "suspended", "failed"] {
            var machine = Fixture.machine(place)
            let result9 = machine.heartbeat(now: Fixture.now + .seconds(100))
            #expect(result9 == .none, "\(place)")
        }
    }

    @Test func aFailedHeartbeatIsSentAgainSooner() {
        var machine = Fixture.machine("stable")
        let due = Fixture.now + .seconds(3)
        _ = machine.heartbeat(now: due)
        machine.heartbeatFailed(now: due, backoff: .milliseconds(100))
        let result10 = machine.heartbeat(now: due)
        #expect(result10 == .at(due + .milliseconds(100)))
    }

    @Test func anAnswerToAnOlderGenerationSaysNothing() {
        var machine = Fixture.machine("stable")
        for code in [ErrorCode.unknownMemberId, .illegalGeneration, .rebalanceInProgress, .fencedInstanceId] {
            machine.refused(Fixture.error(code), sender: .init(memberID: "m", generation: 4))
            machine.refused(Fixture.error(code), sender: .init(memberID: "other", generation: 5))
        }
        #expect(machine.state == .stable && machine.identity == .init(memberID: "m", generation: 5))
    }

    // MARK: Losing

    @Test func anEndedGenerationKeepsTheMemberIdAndADroppedMemberDoesNot() {
        for (code, id) in [(ErrorCode.illegalGeneration, "m"), (.unknownMemberId, "")] {
            var machine = Fixture.machine("stable")
            machine.refused(Fixture.error(code), sender: machine.identity)
            let result11 = machine.stepBegan()
            #expect(result11 == .lost(Fixture.partitions))
            #expect(!machine.isMember)
            machine.stepEnded()
            guard case .join(let identity, _)? = machine.nextRequest else {
                Issue.record("no join after \(code)")
                return
            }
            #expect(identity == .init(memberID: id, generation: -1))
        }
    }

    @Test func aCallbackThatWasTooLateIsToldSo() {
        for place in ["revoking*", "assigning*"] {
            var machine = Fixture.machine(place)
            machine.refused(Fixture.error(.unknownMemberId), sender: machine.identity)
            // It runs to its end, and no commit of it can succeed.
            let result12 = machine.stepBegan()
            #expect(result12 == nil)
            let result13 = machine.heartbeat(now: Fixture.now + .seconds(60))
            #expect(!machine.isMember && result13 == .none)
            machine.stepEnded()
            let result14 = machine.stepBegan()
            #expect(result14 == .lost(Fixture.partitions), "\(place)")
            machine.stepEnded()
            #expect(machine.state == .unjoined)
        }
    }

    @Test func anAssignmentThatTheListenerNeverHeardOfIsNotLostToIt() {
        var machine = Fixture.machine("assigning")
        machine.refused(Fixture.error(.illegalGeneration), sender: machine.identity)
        #expect(machine.step == nil && machine.owned.isEmpty)
    }

    @Test func aFencedMemberLosesEverythingAndFails() {
        var machine = Fixture.machine("stable")
        machine.refused(Fixture.error(.fencedInstanceId), sender: machine.identity)
        let result15 = machine.stepBegan()
        #expect(result15 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .failed && machine.failure?.code == .fencedInstance)
        #expect(machine.nextRequest == nil)
    }

    // MARK: The poll interval

    @Test func tooSlowAReaderLeavesAndComesBackWhenItAsks() {
        var machine = Fixture.machine("stable")
        let farewell = machine.pollIntervalExpired()
        #expect(farewell?.memberID == "m")
        #expect(!machine.isPollIntervalRunning)
        let result16 = machine.stepBegan()
        #expect(result16 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .suspended && machine.nextRequest == nil)
        let rejoins = machine.readerAsked()
        #expect(rejoins)
        #expect(machine.nextRequest == .join(.init(), reason: "the consumer reads again"))
    }

    @Test func aReaderThatAsksAfterwardsHearsOfTheLossAndJoins() {
        var machine = Fixture.machine("stable")
        _ = machine.pollIntervalExpired()
        let rejoins = machine.readerAsked()
        #expect(!rejoins)
        let result17 = machine.stepBegan()
        #expect(result17 == .lost(Fixture.partitions))
        machine.stepEnded()
        #expect(machine.state == .unjoined)
    }

    @Test func aCallbackThatTakesTooLongLosesThePartitions() {
        for place in ["revoking*", "assigning*"] {
            var machine = Fixture.machine(place)
            let farewell = machine.pollIntervalExpired()
            #expect(farewell?.memberID == "m")
            machine.stepEnded()
            #expect(machine.step == .lost(Fixture.partitions))
        }
    }

    @Test func staticMembersGoWithoutAWord() {
        var machine = Fixture.machine("stable", isStatic: true)
        let result18 = machine.pollIntervalExpired()
        #expect(result18 == nil)
        machine = Fixture.machine("stable", isStatic: true)
        _ = machine.prepareToLeave()
        let result19 = machine.leave(reason: "closed")
        #expect(result19 == nil)
        #expect(machine.state == .idle)
    }

    // MARK: Changes in the middle of things

    @Test func aChangeDuringARebalanceCausesExactlyOneMore() {
        for place in ["joining", "syncing"] {
            var machine = Fixture.machine(place)
            machine.rebalance(because: "a")
            machine.rebalance(because: "b")
            if place == "joining" { machine.joined(memberID: "m", generation: 5, now: Fixture.now) }
            machine.synced(Fixture.partitions)
            // Nobody has heard of this assignment, so nobody has to give it up.
            #expect(machine.state == .unjoined && machine.owned.isEmpty)
            machine.requestSent(now: Fixture.now)
            machine.joined(memberID: "m", generation: 6, now: Fixture.now)
            machine.synced(Fixture.partitions)
            #expect(machine.state == .assigning)
        }
    }

    @Test func aChangeDuringTheAssignedCallbackFollowsIt() {
        var machine = Fixture.machine("assigning*")
        machine.refused(Fixture.error(.rebalanceInProgress), sender: machine.identity)
        #expect(machine.state == .assigning)
        machine.stepEnded()
        #expect(machine.step == .revoke(Fixture.partitions))
    }

    // MARK: Leaving

    @Test func leavingGivesUpWhatTheListenerKnowsOf() {
        let expected: [String: RebalanceStep] = [
            "stable": .revoke(Fixture.partitions), "revoking": .revoke(Fixture.partitions),
            "assigning*": .revoke(Fixture.partitions), "revoking*": .revoke(Fixture.partitions),
            "losing": .lost(Fixture.partitions), "losing*": .lost(Fixture.partitions),
        ]
        for place in Fixture.places {
            var machine = Fixture.machine(place)
            let result20 = machine.prepareToLeave()
            #expect(result20 == expected[place], "\(place)")
        }
    }

    @Test func theGroupIsToldUnlessItKnows() {
        for place in ["syncing", "assigning", "stable", "revoking", "leaving"] {
            var machine = Fixture.machine(place)
            let result21 = machine.leave(reason: "r")
            #expect(result21 == .init(memberID: "m", reason: "r"), "\(place)")
        }
        for place in ["idle", "unjoined", "losing", "suspended", "failed"] {
            var machine = Fixture.machine(place)
            let result22 = machine.leave(reason: "r")
            #expect(result22 == nil, "\(place)")
        }
    }

    // MARK: Errors

    @Test func everyErrorOfJoiningHasItsRemedy() {
        let remedies: [(ErrorCode, Machine.Retry)] = [
            (.memberIdRequired, .atOnce), (.unknownMemberId, .atOnce), (.illegalGeneration, .afterBackoff),
            (.rebalanceInProgress, .afterBackoff), (.coordinatorLoadInProgress, .afterBackoff),
            (.coordinatorNotAvailable, .newCoordinator), (.notCoordinator, .newCoordinator),
            (.inconsistentGroupProtocol, .never), (.invalidSessionTimeout, .never), (.invalidGroupId, .never),
            (.groupAuthorizationFailed, .never), (.groupMaxSizeReached, .never), (.fencedInstanceId, .never),
            (ErrorCode(rawValue: 9999), .never),
        ]
        for (code, remedy) in remedies {
            var machine = Fixture.machine("joining")
            let result23 = machine.joinFailed(Fixture.error(code))
            #expect(result23 == remedy, "\(code)")
            #expect((machine.state == .failed) == (remedy == .never), "\(code)")
        }
        var machine = Fixture.machine("joining")
        let result24 = machine.joinFailed(Fixture.disconnected)
        #expect(result24 == .newCoordinator)
    }

    @Test func everyErrorOfSyncHasItsRemedy() {
        let remedies: [(ErrorCode, Machine.Retry)] = [
            (.rebalanceInProgress, .atOnce), (.unknownMemberId, .atOnce), (.illegalGeneration, .atOnce),
            (.coordinatorLoadInProgress, .afterBackoff), (.coordinatorNotAvailable, .newCoordinator),
            (.notCoordinator, .newCoordinator), (.groupAuthorizationFailed, .never), (.fencedInstanceId, .never),
        ]
        for (code, remedy) in remedies {
            var machine = Fixture.machine("syncing")
            let result25 = machine.syncFailed(Fixture.error(code))
            #expect(result25 == remedy, "\(code)")
        }
    }

    // MARK: Any order

    @Test(arguments: 0..<50)
    func noOrderOfEventsBreaksTheRules(seed: UInt64) {
        var random = SeededRandom(seed)
        var machine = Fixture.new()
        var isAtWork = false
        var told: Set<TopicPartition> = []
        for _ in 0..<2000 {
            guard let (name, event) = Fixture.events.randomElement(using: &random) else { return }
            if name == "stepBegan" {
                guard let step = machine.stepBegan() else { continue }
                #expect(!isAtWork)
                isAtWork = true
                switch step {
                case .assign(let partitions):
                    #expect(told.isEmpty)
                    told = Set(partitions)
                case .revoke(let partitions): #expect(Set(partitions) == told && !partitions.isEmpty)
                case .lost(let partitions): #expect(Set(partitions) == told && !partitions.isEmpty)
                }
                continue
            }
            if name == "stepEnded" {
                guard isAtWork else { continue }
                isAtWork = false
            }
            if name == "prepareToLeave" || name == "leave" {
                // The consumer never leaves while its reader is in a callback.
                guard !isAtWork, name == "prepareToLeave" else { continue }
                let step = machine.prepareToLeave()
                switch step {
                case .revoke(let partitions)?, .lost(let partitions)?: #expect(Set(partitions) == told)
                case .assign?: Issue.record("a leaving member is assigned partitions")
                case nil: #expect(told.isEmpty)
                }
                told = []
                _ = machine.leave(reason: "closed")
                continue
            }
            event(&machine)
            if name == "stepEnded", machine.state != .losing, machine.owned.isEmpty { told = [] }
            #expect(machine.state != .stable || Set(machine.owned) == told)
            #expect(machine.step == nil || machine.nextRequest == nil)
            // It never joins while the listener believes to hold something.
            if case .join? = machine.nextRequest { #expect(told.isEmpty) }
            #expect(!machine.isMember || !machine.identity.memberID.isEmpty)
        }
    }
}
