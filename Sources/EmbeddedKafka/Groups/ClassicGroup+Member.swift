// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension ClassicGroup {
    /// A group member at the coordinator.
    struct Member: Sendable {
        var id: String
        var instanceID: String?
        var clientID: String
        var clientHost: String
        var sessionTimeout: Milliseconds
        var rebalanceTimeout: Milliseconds
        var protocols: [Supported]
        var assignment = Bytes()
        /// Whether the member has joined but isn't part of a generation yet.
        var isNew = false
        /// Whether the member has received the JoinGroup response but not sent SyncGroup yet.
        var needsSync = false
        var joinTicket: Ticket?
        var syncTicket: Ticket?
        /// The time at which the session expires without another request.
        var sessionDeadline: Milliseconds = 0

        init(id: String, request: JoinRequest) {
            self.id = id
            self.instanceID = request.instanceID
            self.clientID = request.clientID
            self.clientHost = request.clientHost
            self.sessionTimeout = request.sessionTimeout
            self.rebalanceTimeout = request.rebalanceTimeout
            self.protocols = request.protocols
        }

        mutating func update(_ request: JoinRequest) {
            self.clientID = request.clientID
            self.clientHost = request.clientHost
            self.sessionTimeout = request.sessionTimeout
            self.rebalanceTimeout = request.rebalanceTimeout
            self.protocols = request.protocols
        }

        /// Extends the session after a request of the member.
        mutating func touch(_ now: Milliseconds) {
            self.sessionDeadline = now + self.sessionTimeout
        }

        /// The time at which the member is removed. Members that wait for a response can't send heartbeats, so they
        /// have none.
        var deadline: Milliseconds? {
            self.isNew || (self.joinTicket == nil && self.syncTicket == nil) ? self.sessionDeadline : nil
        }

        func metadata(for protocolName: String) -> Bytes {
            self.protocols.first { $0.name == protocolName }?.metadata ?? Bytes()
        }
    }

    func index(of memberID: String) -> Int? {
        self.members.firstIndex { $0.id == memberID }
    }

    /// Returns the error if the IDs in a request aren't those of a member, otherwise nil.
    func identityError(memberID: String, instanceID: String?) -> ErrorCode? {
        if let instanceID {
            guard let owner = self.members.first(where: { $0.instanceID == instanceID }) else {
                return .unknownMemberId
            }
            if owner.id != memberID { return .fencedInstanceId }
        }
        return self.index(of: memberID) == nil ? .unknownMemberId : nil
    }

    mutating func takeAnswers() -> [Answer] {
        defer { self.answers = [] }
        return self.answers
    }
}
