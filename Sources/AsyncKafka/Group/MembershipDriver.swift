// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What a member needs to know of the consumer's configuration.
struct MemberSettings: Sendable {
    var group: String
    /// The name of a static member (KIP-345).
    var instanceID: String?
    /// How long a rebalance waits for this member, as its reader may take that long.
    var maxPollInterval: Duration
    var sessionTimeout: Duration
    var heartbeatInterval: Duration
    /// In order of preference.
    var assignors: [any ConsumerPartitionAssignor]
}

/// Does what a membership has to do besides reading: sends its requests, and watches its time.
protocol MembershipDriver: Sendable {
    /// Does the work until the task is cancelled.
    func run() async

    /// Tells the group that the member goes. At the deadline it is over, whatever the brokers do.
    func send(_ farewell: Farewell, until deadline: MonotonicTime) async
}

extension Membership {
    /// A member that is not subscribed to anything yet; nil for no group.
    init(_ settings: MemberSettings?) {
        self = settings.map { .classic(ClassicMembershipStateMachine(.init($0))) } ?? .none
    }
}

extension MemberSettings {
    /// The driver of a membership with these settings.
    ///
    /// - Parameter signals: what `host` wakes it with.
    func driver(
        for host: any MembershipHost, _ cluster: Cluster, _ logger: Logger, signals: MembershipSignals
    ) -> any MembershipDriver {
        ClassicMembershipDriver(self, for: host, cluster, logger, signals: signals)
    }
}
