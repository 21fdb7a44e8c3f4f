// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Sends the requests of a membership whose protocol the group decides (`GroupProtocol.automatic`): each driver has its turn while
/// the membership has its protocol.
struct AutomaticMembershipDriver: MembershipDriver {
    private let classic: ClassicMembershipDriver
    private let consumer: ConsumerMembershipDriver

    var cluster: Cluster { self.consumer.cluster }
    var logger: Logger { self.consumer.logger }
    var host: any MembershipHost { self.consumer.host }
    var signals: MembershipSignals { self.consumer.signals }
    var departures: Departures { self.consumer.departures }

    /// - Parameter classic: a driver with the same host, signals and departures as `consumer`.
    init(_ classic: ClassicMembershipDriver, _ consumer: ConsumerMembershipDriver) {
        self.classic = classic
        self.consumer = consumer
    }

    func sendRequests(after trouble: JoiningTrouble) async -> JoiningTrouble {
        var trouble = trouble
        while !Task.isCancelled {
            trouble = await self.consumer.sendRequests(after: trouble)
            trouble = await self.classic.sendRequests(after: trouble)
        }
        return trouble
    }

    func send(_ leaveNotice: LeaveNotice, until deadline: MonotonicTime) async {
        switch leaveNotice.request {
        case .leaveGroup: await self.classic.send(leaveNotice, until: deadline)
        case .heartbeat: await self.consumer.send(leaveNotice, until: deadline)
        }
    }
}
