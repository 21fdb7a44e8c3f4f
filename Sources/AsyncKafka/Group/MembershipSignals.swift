// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The signals that the three loops of a membership's driver wait for.
final class MembershipSignals: Sendable {
    /// For the loop that sends JoinGroup and SyncGroup.
    let requests = Signal()
    /// For the loop that sends heartbeats.
    let heartbeats = Signal()
    /// For the loop that watches the session and the poll interval.
    let clocks = Signal()

    /// Wakes all loops after a change of the membership.
    func wakeAll() {
        self.requests.notify()
        self.heartbeats.notify()
        self.clocks.notify()
    }
}
