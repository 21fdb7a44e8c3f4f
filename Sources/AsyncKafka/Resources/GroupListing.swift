// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A group in the list of all groups.
public struct GroupListing: Hashable, Sendable {
    /// The group's id.
    public var id: String
    /// The group's type. Nil with brokers below Kafka 3.8, which have classic groups only.
    public var type: GroupType?
    /// The group's state. Nil with brokers below Kafka 2.6, unless groups were listed by state.
    public var state: GroupState?
    /// What the group is for: `consumer` for all groups of consumers, `connect`, `share` or `streams`. Empty if a client has
    /// only committed offsets.
    public var protocolType: String
}

extension GroupListing: CustomStringConvertible {
    /// The id and what is known, such as `orders (Classic, consumer, Stable)`.
    public var description: String {
        let parts = [self.type?.rawValue ?? "", self.protocolType, self.state?.rawValue ?? ""].filter { !$0.isEmpty }
        return (parts.isEmpty ? self.id : "\(self.id) (\(parts.joined(separator: ", ")))").printable
    }
}
