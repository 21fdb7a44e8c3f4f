// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The consumer, as seen by its membership's driver.
protocol MembershipHost: AnyObject, Sendable {
    /// Reads the membership, or changes it without waking other parts of the consumer.
    func withMembership<Result>(_ body: (inout Membership) -> Result) -> Result

    /// Changes the membership, and wakes the driver's loops and the reader.
    @discardableResult
    func updateMembership<Result>(_ change: (inout Membership) -> Result) -> Result

    /// Waits for metadata if the topics that match a pattern are not known yet.
    func lookUpSubscription(until deadline: MonotonicTime) async throws(KafkaError)

    /// Returns the subscribed topics for a request that is sent now. Later changes cause a rebalance.
    func topicsToTell() -> Set<String>

    /// Returns the subscription for a heartbeat that is sent now, in which the coordinator may evaluate a pattern.
    func subscriptionToTell() -> MemberSubscription

    /// Gives the reader an error that doesn't end the membership.
    func report(_ error: KafkaError)

    /// Updates the topics that metadata is requested for, after `Membership.watchedTopics` has changed.
    func watchTopics()

    /// Notes that an assignment has arrived. A reader that has not started yet has to start within the maximum poll
    /// interval.
    func expectReader()

    /// Returns the end of the maximum poll interval, if it is running.
    func pollDeadline(now: MonotonicTime) -> MonotonicTime?

    /// Wakes the reader, so that it queries the membership again.
    func wakeReader()
}
