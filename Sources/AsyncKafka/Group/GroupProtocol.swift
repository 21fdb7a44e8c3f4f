// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The protocol of a group's membership, with the settings that only this protocol has (`group.protocol`).
@nonexhaustive
public enum GroupProtocol: Sendable {
    /// The classic protocol. One member, the group's leader, distributes the partitions. All brokers support it.
    case classic(ClassicGroupProtocol = ClassicGroupProtocol())
    /// The consumer protocol (KIP-848). The group's coordinator distributes the partitions, and only members whose partitions
    /// change notice a rebalance. Requires Kafka 4.0.
    case consumer(ConsumerGroupProtocol = ConsumerGroupProtocol())
    /// The consumer protocol if the brokers and the group have it, and the classic one otherwise.
    ///
    /// The member first joins by the consumer protocol. If that is refused, it joins by the classic one, and it stays with that
    /// as long as the group takes it. The reason is logged at `info`. A classic group that a member joins this way becomes one of
    /// the consumer protocol, if the brokers allow it (`group.consumer.migration.policy`) and all its members are consumers:
    /// from then on, the coordinator distributes the partitions, and the assignors of the other members are not used.
    case automatic(
        classic: ClassicGroupProtocol = ClassicGroupProtocol(),
        consumer: ConsumerGroupProtocol = ConsumerGroupProtocol())
}

/// The settings of a member of a classic group.
///
/// ```swift
/// configuration.groupProtocol = .classic(ClassicGroupProtocol(sessionTimeout: .seconds(10)))
/// ```
public struct ClassicGroupProtocol: Sendable {
    /// The assignors that the group's leader may use, in order of preference. Default: `range`, `roundrobin`,
    /// `cooperative-sticky`, so that a group may have members of Kafka's Java client, librdkafka and aiokafka with their defaults.
    ///
    /// A member uses the cooperative protocol if all its assignors support it, which the first two don't. The last one lets a
    /// group change without a stop: first all members offer it beside others, and then, one after the other, nothing else.
    public var assignors: [any ConsumerPartitionAssignor]
    /// The time without a heartbeat after which the group removes this member. Default: 45 s. If no heartbeat was
    /// answered for this time, the consumer stops delivering records, calls `partitionsLost`, and rejoins.
    public var sessionTimeout: Duration
    /// The interval between heartbeats. Default: 3 s. Use at most a third of the session timeout.
    public var heartbeatInterval: Duration

    /// Creates settings of a classic group, with Kafka's defaults for omitted arguments.
    public init(
        assignors: [any ConsumerPartitionAssignor] = [.range, .roundRobin, .cooperativeSticky],
        sessionTimeout: Duration = .seconds(45),
        heartbeatInterval: Duration = .seconds(3)
    ) {
        self.assignors = assignors
        self.sessionTimeout = sessionTimeout
        self.heartbeatInterval = heartbeatInterval
    }
}

/// The settings of a member of a group in the consumer protocol (KIP-848).
///
/// ```swift
/// configuration.groupProtocol = .consumer(ConsumerGroupProtocol(serverAssignor: "range"))
/// ```
public struct ConsumerGroupProtocol: Sendable {
    /// The assignor that the coordinator uses, as far as the group's members agree: `uniform` or `range`, unless the
    /// brokers have others (`group.remote.assignor`). Default: nil, for the coordinator's choice.
    public var serverAssignor: String?
    /// The time without an answered heartbeat after which the consumer stops delivering records, calls `partitionsLost`, and
    /// rejoins. Default: 45 s, which is also the default of brokers.
    ///
    /// Brokers don't tell it. If theirs (`group.consumer.session.timeout.ms`) or the group's (`consumer.session.timeout.ms`)
    /// differs, set it to the same: a consumer that waits longer may deliver records of partitions that already belong to
    /// another member.
    public var sessionTimeout: Duration

    /// Creates settings of a group in the consumer protocol, with Kafka's defaults for omitted arguments.
    public init(serverAssignor: String? = nil, sessionTimeout: Duration = .seconds(45)) {
        self.serverAssignor = serverAssignor
        self.sessionTimeout = sessionTimeout
    }
}

extension GroupProtocol {
    /// The maximum wait for one coordinator. It leaves time to ask another one before the member's session ends.
    var coordinatorPatience: Duration {
        switch self {
        case .classic(let settings): settings.coordinatorPatience
        case .consumer(let settings): settings.sessionTimeout / 3
        case .automatic(let classic, let consumer):
            min(classic.coordinatorPatience, consumer.sessionTimeout / 3)
        }
    }

    /// The first invalid setting as text; nil if all are valid.
    var mistake: String? {
        switch self {
        case .classic(let settings): settings.mistake
        case .consumer(let settings): settings.mistake
        case .automatic(let classic, let consumer): classic.mistake ?? consumer.mistake
        }
    }
}

extension ClassicGroupProtocol {
    /// Whether a member keeps its partitions while it rejoins (KIP-429): if all its assignors can do that.
    var isCooperative: Bool { self.assignors.allSatisfy { $0.supportedProtocols.contains(.cooperative) } }

    var coordinatorPatience: Duration { self.sessionTimeout / 3 }

    fileprivate var mistake: String? {
        if self.heartbeatInterval <= .zero || self.heartbeatInterval >= self.sessionTimeout {
            return "heartbeatInterval must be more than zero and less than sessionTimeout."
        }
        if self.assignors.isEmpty { return "assignors must name at least one assignor." }
        let all: Set<RebalanceProtocol> = [.eager, .cooperative]
        let common = self.assignors.reduce(all) { $0.intersection($1.supportedProtocols) }
        if common.isEmpty {
            return "The assignors have no rebalance protocol in common: eager for some, cooperative for others."
        }
        if Set(self.assignors.map(\.name)).count < self.assignors.count {
            return "Two assignors have the same name."
        }
        return nil
    }
}

extension ConsumerGroupProtocol {
    fileprivate var mistake: String? {
        if self.sessionTimeout <= .zero { return "sessionTimeout must be more than zero." }
        if self.serverAssignor == "" {
            return "serverAssignor must not be empty: leave it nil for the coordinator's choice."
        }
        return nil
    }
}
