// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The protocol by which a consumer is a member of its group, with the settings that only this protocol has
/// (`group.protocol`).
@nonexhaustive
public enum GroupProtocol: Sendable {
    /// The members distribute the partitions themselves: one of them, the group's leader, does it for all. Every broker
    /// knows this protocol.
    case classic(ClassicGroupProtocol = ClassicGroupProtocol())
}

/// What a member of a classic group goes by.
///
/// ```swift
/// configuration.groupProtocol = .classic(ClassicGroupProtocol(sessionTimeout: .seconds(10)))
/// ```
public struct ClassicGroupProtocol: Sendable {
    /// How the group's leader distributes the partitions, in order of preference. `range`, `roundrobin` by default.
    public var assignors: [any ConsumerPartitionAssignor]
    /// How long the group waits for a heartbeat before it gives this member up. 45 s by default. When none was answered for
    /// so long, the consumer hands out nothing more, calls `partitionsLost`, and joins again.
    public var sessionTimeout: Duration
    /// How often a heartbeat is sent. 3 s by default; at most a third of the session timeout is sensible.
    public var heartbeatInterval: Duration

    /// Settings of a classic group, with Kafka's defaults for those that are left out.
    public init(
        assignors: [any ConsumerPartitionAssignor] = [.range, .roundRobin], sessionTimeout: Duration = .seconds(45),
        heartbeatInterval: Duration = .seconds(3)
    ) {
        self.assignors = assignors
        self.sessionTimeout = sessionTimeout
        self.heartbeatInterval = heartbeatInterval
    }
}

extension GroupProtocol {
    /// How long one coordinator is waited for: if it hangs, there is time to ask another before the group gives the member up.
    var coordinatorPatience: Duration {
        switch self {
        case .classic(let settings): settings.coordinatorPatience
        }
    }

    /// The first thing that makes no sense; nil if all is well.
    var mistake: String? {
        switch self {
        case .classic(let settings): settings.mistake
        }
    }
}

extension ClassicGroupProtocol {
    var coordinatorPatience: Duration { self.sessionTimeout / 3 }

    fileprivate var mistake: String? {
        if self.heartbeatInterval <= .zero || self.heartbeatInterval >= self.sessionTimeout {
            return "heartbeatInterval must be more than zero and less than sessionTimeout."
        }
        if self.assignors.isEmpty { return "assignors must name at least one assignor." }
        if Set(self.assignors.map(\.name)).count < self.assignors.count {
            return "Two assignors have the same name."
        }
        return nil
    }
}
