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

/// Each event in each state, and random sequences of all events.
@Suite struct ClassicMembershipTransitionTests {
    /// The state after each event in each state. An event that isn't listed doesn't change the state.
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
        "synced otherwise": ["joined": "mustAssign", "syncing": "mustAssign"],
        "joinFailed, or not": ["joining": "unjoined"],
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
        // The group doesn't remove a member that waits for its answer.
        "sessionEnded": Self.losses(to: "unjoined").filter { $0.key != "syncing" },
        "heartbeatFailed": [:],
    ]

    /// The transitions when the group removes the member. If the listener knows of no partitions, the machine continues
    /// immediately.
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

    @Test(arguments: 0..<50, [false, true])
    func noOrderOfEventsBreaksTheRules(seed: UInt64, isCooperative: Bool) {
        var random = SeededRandom(seed)
        var machine = Fixture.new(isCooperative: isCooperative)
        var isAtWork = false
        // The partitions that the listener knows of, and those that the current step takes away.
        var told: Set<TopicPartition> = []
        var going: Set<TopicPartition> = []
        for _ in 0..<2000 {
            guard let (name, event) = Fixture.events.randomElement(using: &random) else { return }
            if name == "stepBegan" {
                guard let step = machine.stepBegan() else { continue }
                #expect(!isAtWork)
                isAtWork = true
                switch step {
                case .assign(let partitions):
                    #expect(isCooperative ? told.isDisjoint(with: partitions) : told.isEmpty)
                    told.formUnion(partitions)
                case .revoke(let partitions):
                    #expect(isCooperative ? told.isSuperset(of: partitions) : told == Set(partitions))
                    #expect(!partitions.isEmpty)
                    going = Set(partitions)
                case .lost(let partitions):
                    #expect(Set(partitions) == told && !partitions.isEmpty)
                    going = told
                }
                continue
            }
            if name == "stepEnded" {
                guard isAtWork else { continue }
                isAtWork = false
                // Each partition that is taken away is reported once.
                told.subtract(going)
                going = []
            }
            if name == "prepareToLeave" || name == "leave" {
                guard name == "prepareToLeave" else { continue }
                // A callback may be running, and may even be the one that leaves.
                let step = machine.prepareToLeave()
                switch step {
                case .revoke(let partitions)?, .lost(let partitions)?:
                    #expect(Set(partitions) == told.subtracting(going))
                case .assign?: Issue.record("a leaving member is assigned partitions")
                case nil: #expect(told == going)
                }
                told = []
                (isAtWork, going) = (false, [])
                _ = machine.leave(reason: "closed")
                // The callback returns.
                machine.stepEnded()
                #expect(machine.state == .idle)
                continue
            }
            event(&machine)
            #expect(machine.state != .stable || Set(machine.owned.all) == told)
            #expect(machine.step == nil || machine.nextRequest == nil)
            // It joins without partitions, or says in which generation it has them.
            if case .join(let identity, _)? = machine.nextRequest {
                #expect(told.isEmpty || isCooperative && identity.generation >= 0)
                #expect(told == Set(machine.owned.all))
            }
            #expect(!machine.isMember || !machine.identity.memberID.isEmpty)
            // The session runs only for members, and never during a request that the group may answer late.
            #expect(machine.sessionDeadline == nil || machine.isMember)
            // A former member holds no partitions except those whose loss is being reported.
            #expect(machine.isMember || told.isEmpty || isAtWork || machine.owned.isLosing)
            // After a few immediate retries the machine backs off, whatever the group answers.
            #expect(machine.failures <= 5 || !Self.isImpatient(machine))
        }
    }

    /// Whether a refusal would be followed by an immediate retry.
    private static func isImpatient(_ machine: ClassicMembershipStateMachine) -> Bool {
        var machine = machine
        return machine.joinFailed(Fixture.error(.unknownMemberId)) == .atOnce
            || machine.syncFailed(Fixture.error(.rebalanceInProgress)) == .atOnce
    }
}
