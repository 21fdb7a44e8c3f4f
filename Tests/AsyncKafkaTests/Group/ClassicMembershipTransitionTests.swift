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
        "rebalance": ["idle": "unjoined", "assigning": "unjoined", "stable": "revoking", "failed": "unjoined"],
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
        "refused rebalance": ["assigning": "unjoined", "stable": "revoking"],
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
