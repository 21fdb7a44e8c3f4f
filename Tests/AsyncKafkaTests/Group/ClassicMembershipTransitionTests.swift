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

private typealias Fixture = MembershipFixture

/// Every event in every state, and all of them in any order.
@Suite struct ClassicMembershipTransitionTests {
    /// The state after each event in each place; what is not listed stays where it is.
    static let transitions: [String: [String: String]] = [
        "rebalance": ["idle": "unjoined", "mustAssign": "unjoined", "stable": "mustRevoke", "failed": "unjoined"],
        "stepBegan": ["mustAssign": "assigning", "mustRevoke": "revoking", "mustLose": "losing"],
        "stepEnded": [
            "assigning": "stable", "assigningInVain": "mustLose", "revoking": "unjoined", "revokingInVain": "unjoined",
            "losing": "unjoined",
        ],
        "readerAsked": ["suspended": "unjoined"],
        "pollIntervalExpired": [
            "mustAssign": "suspended", "assigning": "assigningInVain", "stable": "mustLose", "mustRevoke": "mustLose",
            "revoking": "revokingInVain",
        ],
        "prepareToLeave": Dictionary(Fixture.places.map { ($0, "leaving") }) { $1 },
        "leave": Dictionary(Fixture.places.map { ($0, "idle") }) { $1 },
        "requestSent": ["unjoined": "joining", "joined": "syncing"],
        "joined": ["joining": "joined"],
        "joinFailed member id required": ["joining": "unjoined"],
        "joinFailed unknown member": ["joining": "unjoined"],
        "joinFailed not coordinator": ["joining": "unjoined"],
        "joinFailed loading": ["joining": "unjoined"],
        "joinFailed disconnected": ["joining": "unjoined"],
        "joinFailed fatal": ["joining": "failed"],
        "synced": ["joined": "mustAssign", "syncing": "mustAssign"],
        "syncFailed rebalance": ["joined": "unjoined", "syncing": "unjoined"],
        "syncFailed unknown member": ["joined": "unjoined", "syncing": "unjoined"],
        "syncFailed fatal": ["joined": "failed", "syncing": "failed"],
        "refused rebalance": ["mustAssign": "unjoined", "stable": "mustRevoke"],
        "refused generation": Self.losses(to: "unjoined"),
        "refused member": Self.losses(to: "unjoined"),
        "refused fenced": Self.losses(to: "failed"),
        "refused coordinator": [:],
        "heartbeatArrived": [:],
        "sessionEnded too soon": [:],
        // Nobody is given up who waits for the group's answer.
        "sessionEnded": Self.losses(to: "unjoined").filter { $0.key != "syncing" },
        "heartbeatFailed": [:],
    ]

    /// The group goes on without the member. Where the listener knows of nothing, it goes on at once.
    private static func losses(to end: String) -> [String: String] {
        [
            "joined": end, "syncing": end, "mustAssign": end, "assigning": "assigningInVain", "stable": "mustLose",
            "mustRevoke": "mustLose", "revoking": "revokingInVain",
        ]
    }

    @Test(arguments: Fixture.places)
    func everyFixtureIsInTheStateOfItsName(place: String) {
        #expect(Fixture.place(of: Fixture.machine(place)) == place)
    }

    @Test(arguments: Fixture.places)
    func everyEventInEveryStateLeadsToTheListedState(place: String) throws {
        for (name, event) in Fixture.events {
            var machine = Fixture.machine(place)
            event(&machine)
            let expected = try #require(Self.transitions[name])[place] ?? place
            #expect(Fixture.place(of: machine) == expected, "\(name) in \(place)")
        }
    }

    // MARK: Any order

    @Test(arguments: 0..<50)
    func noOrderOfEventsBreaksTheRules(seed: UInt64) {
        var random = SeededRandom(seed)
        var machine = Fixture.new()
        var isAtWork = false
        // What the listener believes to hold; and whether it has been told that it goes, in the step that it is at.
        var told: Set<TopicPartition> = []
        var isGoing = false
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
                    isGoing = false
                case .revoke(let partitions), .lost(let partitions):
                    #expect(Set(partitions) == told && !partitions.isEmpty)
                    isGoing = true
                }
                continue
            }
            if name == "stepEnded" {
                guard isAtWork else { continue }
                isAtWork = false
                // Each partition that goes is told once.
                if isGoing { told = [] }
                isGoing = false
            }
            if name == "prepareToLeave" || name == "leave" {
                guard name == "prepareToLeave" else { continue }
                // The listener may be at work, and may even be who leaves.
                let step = machine.prepareToLeave()
                switch step {
                case .revoke(let partitions)?, .lost(let partitions)?:
                    #expect(Set(partitions) == told && !isGoing)
                case .assign?: Issue.record("a leaving member is assigned partitions")
                case nil: #expect(told.isEmpty || isGoing)
                }
                told = []
                (isAtWork, isGoing) = (false, false)
                _ = machine.leave(reason: "closed")
                // The callback returns at last.
                machine.stepEnded()
                #expect(machine.state == .idle)
                continue
            }
            event(&machine)
            #expect(machine.state != .stable || Set(machine.owned) == told)
            #expect(machine.step == nil || machine.nextRequest == nil)
            // It never joins while the listener believes to hold something.
            if case .join? = machine.nextRequest { #expect(told.isEmpty) }
            #expect(!machine.isMember || !machine.identity.memberID.isEmpty)
            // A clock runs for members only, and never together with a request that the group may take its time to answer.
            #expect(machine.sessionDeadline == nil || machine.isMember)
            // Whoever is no member any more holds nothing that it has not been told of, or is about to be.
            #expect(machine.isMember || told.isEmpty || isAtWork || machine.isLosing)
            // Who asked at once for a while asks more seldom, whatever the group answers.
            #expect(machine.failures <= 5 || !Self.isImpatient(machine))
        }
    }

    /// Whether a refusal would be answered at once.
    private static func isImpatient(_ machine: ClassicMembershipStateMachine) -> Bool {
        var machine = machine
        return machine.joinFailed(Fixture.error(.unknownMemberId)) == .atOnce
            || machine.syncFailed(Fixture.error(.rebalanceInProgress)) == .atOnce
    }
}
