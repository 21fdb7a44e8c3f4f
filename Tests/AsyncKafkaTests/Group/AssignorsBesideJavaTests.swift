// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The assignors beside those of Kafka's Java client, on groups by seed.
@Suite(
    .timeLimit(.minutes(5)), .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)),
    .enabled(if: RealKafka.newest.map { $0.version >= KafkaVersion(4, 0) } ?? false, "needs Kafka 4.0 or later"))
struct AssignorsBesideJavaTests {
    @Test func assignmentsAreAsGoodAsThoseOfKafkasClasses() async throws {
        var groups: [StickyGroup] = []
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed)
            var group = StickyGroup.random(isUniform: seed % 3 == 0, hasRacks: seed % 2 == 1, using: &random)
            for _ in 0..<3 {
                groups.append(group)
                group.settle(with: .cooperativeSticky)
                group.change(using: &random)
                group.change(using: &random)
            }
        }
        let members = ClaimingMember.examples
        let printed = try await JavaProgram.run(
            "Assignors", [], input: try groups.map { try $0.lines }.joined() + members.map(\.line).joined())

        try #require(
            printed.count == groups.count * 4 + members.count, "\(printed.first { $0.hasPrefix("different") } ?? "")")
        for (member, line) in zip(members, printed.suffix(members.count)) { try member.check(line) }
        var ledger = StickyLedger()
        for (index, group) in groups.enumerated() {
            let java = printed[(4 * index)..<(4 * index + 4)].map(PrintedAssignment.init)
            #expect(java.map(\.assignor) == ["range", "roundrobin", "sticky", "cooperative-sticky"])
            #expect(group.sorted(by: .range) == java[0].partitions, "range, group \(index)")
            #expect(group.sorted(by: .roundRobin) == java[1].partitions, "roundrobin, group \(index)")
            ledger.enter(group, group.assigned(by: .sticky), java[2], index)
            var settled = group
            settled.settle(with: .cooperativeSticky)
            ledger.enter(group, settled.owned, java[3], index)
        }
        say("Sticky assignors beside Kafka's: \(ledger)")
        #expect(ledger.ours.moves <= ledger.javas.moves && ledger.ours.imbalance <= ledger.javas.imbalance)
    }
}

/// The sums of the measures of our sticky assignors and Java's.
private struct StickyLedger: CustomStringConvertible {
    struct Sums: CustomStringConvertible {
        /// The differences of the numbers of partitions of all pairs of members.
        var imbalance = 0
        var remote = 0
        var moves = 0

        var description: String { "imbalance \(self.imbalance), in other racks \(self.remote), moves \(self.moves)" }
    }

    var ours = Sums()
    var javas = Sums()
    var better = 0
    var unsettled = 0
    var count = 0

    var description: String {
        """
        \(self.count) assignments, \(self.better) better, \(self.unsettled) that Kafka's didn't settle; \
        ours: \(self.ours); Kafka's: \(self.javas)
        """
    }

    mutating func enter(
        _ group: StickyGroup, _ assignment: [String: [TopicPartition]], _ java: PrintedAssignment, _ index: Int
    ) {
        let our = group.rating(of: assignment)
        let their = group.rating(of: java.partitions)
        let imbalances = [assignment, java.partitions].map { Self.imbalance($0.values.map(\.count)) }
        #expect(our[0] == 0)
        // Kafka's cooperative assignor may move partitions in every round.
        guard their[0] == 0 else { return self.unsettled += 1 }
        #expect(imbalances[0] <= imbalances[1], "\(java.assignor), group \(index)")
        #expect(!their.lexicographicallyPrecedes(our), "\(java.assignor), group \(index): \(our), Kafka's \(their)")
        self.count += 1
        if our.lexicographicallyPrecedes(their) { self.better += 1 }
        self.ours.imbalance += imbalances[0]
        self.javas.imbalance += imbalances[1]
        self.ours.remote += our[2]
        self.javas.remote += their[2]
        self.ours.moves += our[3]
        self.javas.moves += their[3]
    }

    private static func imbalance(_ counts: [Int]) -> Int {
        var sum = 0
        for (index, count) in counts.enumerated() {
            for other in counts[..<index] { sum += abs(count - other) }
        }
        return sum
    }
}

/// A line `ASSIGNOR MEMBER=TOPIC-0,TOPIC-1 MEMBER=`.
private struct PrintedAssignment {
    var assignor: String
    var partitions: [String: [TopicPartition]] = [:]

    init(_ line: String) {
        let words = line.split(separator: " ")
        self.assignor = words.first.map(String.init) ?? ""
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            self.partitions[String(parts[0])] = parts[1].split(separator: ",").map { name in
                let dash = name.lastIndex(of: "-") ?? name.endIndex
                return TopicPartition(String(name[..<dash]), Int32(name[dash...].dropFirst()) ?? -1)
            }.sorted()
        }
    }
}

/// A member whose bytes are compared with those of Java's member.
private struct ClaimingMember {
    var topics: Set<String>
    var last: MemberAssignment
    var rack: String

    static let examples = [
        ClaimingMember(
            topics: ["orders"], last: MemberAssignment([TopicPartition("orders", 3)], generation: 0), rack: "eu-1a"),
        ClaimingMember(
            topics: ["t0", "t1", "t2"],
            last: MemberAssignment((0..<9).map { TopicPartition("t\($0 / 3)", Int32($0) * 1_000_003) }, generation: 77),
            rack: "r"),
        ClaimingMember(topics: ["t"], last: MemberAssignment([], generation: .max), rack: "ü"),
    ]

    var line: String {
        let owned = self.last.partitions.map(\.description).joined(separator: ",")
        let topics = self.topics.sorted().joined(separator: ",")
        return "bytes \(topics) \(owned.isEmpty ? "-" : owned) \(self.last.generation) \(self.rack)\n"
    }

    func check(_ line: String) throws {
        let bytes = line.split(separator: " ").dropFirst().map { Bytes(hexadecimal: $0) }
        try #require(bytes.count == 6)
        let data = StickyAssignor().userData(for: self.topics, lastAssignment: self.last)
        #expect(bytes[4] == data)
        #expect(bytes[5] == CooperativeStickyAssignor().userData(for: self.topics, lastAssignment: self.last))
        var expected = GroupMemberSubscription(memberID: "m", topics: self.topics, userData: data)
        for version in 0...3 {
            switch version {
            case 1: expected.ownedPartitions = self.last.partitions
            case 2: expected.generation = self.last.generation
            case 3: expected.rack = self.rack
            default: break
            }
            let read = try ClassicGroupMessages.decodeSubscription(
                bytes[version], memberID: "m", groupInstanceID: nil)
            #expect(read == expected, "version \(version)")
        }
        #expect(try ClassicGroupMessages.encode(expected) == bytes[3])
    }
}

extension StickyGroup {
    fileprivate func sorted(by assignor: some ConsumerPartitionAssignor) -> [String: [TopicPartition]] {
        self.assigned(by: assignor).mapValues { $0.sorted() }
    }

    /// The group as `Assignors` reads it.
    fileprivate var lines: String {
        get throws {
            var text = ""
            for (name, topic) in self.topics.sorted(by: { $0.key < $1.key }) {
                let racks = (0..<topic.partitionCount).map { topic.racks(of: $0).sorted().joined(separator: ",") }
                text += "topic \(name) \(racks.map { $0.isEmpty ? "-" : $0 }.joined(separator: ";"))\n"
            }
            for var member in self.members {
                let cooperative = try ClassicGroupMessages.encode(member).hexadecimal
                member.ownedPartitions = []
                let eager = try ClassicGroupMessages.encode(member).hexadecimal
                text += "member \(member.memberID) \(member.groupInstanceID ?? "-") \(member.rack ?? "-")"
                text += " \(eager) \(cooperative)\n"
            }
            return text + "assign\n"
        }
    }
}

extension Bytes {
    fileprivate init(hexadecimal text: some StringProtocol) {
        let digits = text.compactMap(\.hexDigitValue)
        self.init(stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef")
        return String(self.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
