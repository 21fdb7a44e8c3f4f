// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What the driver of a membership needs of the consumer whose membership it is.
protocol MembershipHost: AnyObject, Sendable {
    /// Looks at the membership, or changes in it what concerns nobody else.
    func withMembership<Result>(_ body: (inout Membership) -> Result) -> Result

    /// Changes the membership, and wakes all whom that may concern.
    @discardableResult
    func updateMembership<Result>(_ change: (inout Membership) -> Result) -> Result

    /// Waits until it is known what a pattern matches, if it has not been before.
    func lookUpSubscription(until deadline: MonotonicTime) async throws(KafkaError)

    /// The topics subscribed to, as the group is told of them now: a later change has to be told.
    func topicsToTell() -> Set<String>

    /// Tells the cluster which topics matter, after the membership's have changed.
    func watchTopics()

    /// An assignment has come: a reader that has not begun has to, in time.
    func expectReader()

    /// When the reader should have asked for something at the latest, if it is expected to.
    func pollDeadline(now: MonotonicTime) -> MonotonicTime?

    /// The reader looks at the membership again.
    func wakeReader()
}
