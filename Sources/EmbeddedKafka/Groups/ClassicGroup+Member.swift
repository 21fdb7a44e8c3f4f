// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension ClassicGroup {
    /// A member as the coordinator knows it.
    struct Member: Sendable {
        var id: String
        var instanceID: String?
        var clientID: String
        var clientHost: String
        var sessionTimeout: Milliseconds
        var rebalanceTimeout: Milliseconds
        var protocols: [Supported]
        var assignment = Bytes()
        /// Whether it has joined, but in no generation yet.
        var isNew = false
        /// Whether it knows of the generation and has not synchronised yet.
        var needsSync = false
        var joinTicket: Ticket?
        var syncTicket: Ticket?
        /// When it is taken for dead, unless it is heard of before.
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

        /// It was heard of.
        mutating func touch(_ now: Milliseconds) {
            self.sessionDeadline = now + self.sessionTimeout
        }

        /// When it is taken for dead. While it waits for an answer it can't send heartbeats and doesn't have to.
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

    /// Why a request doesn't come from a member of this group, if it doesn't.
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
