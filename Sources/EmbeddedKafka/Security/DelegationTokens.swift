// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A delegation token: a secret that authenticates a user (KIP-48). Times are in milliseconds since 1970.
struct DelegationToken {
    let id: String
    let hmac: [UInt8]
    let owner: String
    let requester: String
    let renewers: [String]
    let issuedAt: Int64
    let endsAtLatest: Int64
    var expiresAt: Int64

    func concerns(_ user: String) -> Bool { self.owner == user || self.renewers.contains(user) }
}

/// The delegation tokens of a cluster.
struct DelegationTokens {
    private var byID: [String: DelegationToken] = [:]

    /// The limits of Kafka's delegation.token.max.lifetime.ms and delegation.token.expiry.time.ms.
    private static let maximumLifetime: Int64 = 7 * 86_400_000
    private static let defaultLifetime: Int64 = 86_400_000

    /// Returns all tokens, oldest first, after removing the expired ones.
    mutating func all(at time: Int64) -> [DelegationToken] {
        self.byID = self.byID.filter { $0.value.expiresAt > time }
        return self.byID.values.sorted { ($0.issuedAt, $0.id) < ($1.issuedAt, $1.id) }
    }

    func valid(id: String, at time: Int64) -> DelegationToken? {
        self.byID[id].flatMap { $0.expiresAt > time ? $0 : nil }
    }

    /// - Parameter lifetime: The maximum lifetime in milliseconds, or 0 or less for the cluster's limit.
    mutating func create(
        id: String, owner: String, requester: String, renewers: [String], lifetime: Int64, at time: Int64
    ) -> DelegationToken {
        let longest = lifetime > 0 ? min(lifetime, Self.maximumLifetime) : Self.maximumLifetime
        let token = DelegationToken(
            id: id, hmac: HashFunction.random(64), owner: owner, requester: requester, renewers: renewers,
            issuedAt: time,
            endsAtLatest: time + longest, expiresAt: time + min(longest, Self.defaultLifetime))
        self.byID[id] = token
        return token
    }

    /// Extends a token by `period` from now, up to its maximum, and returns the new expiry. A negative period stands
    /// for the default.
    mutating func renew(hmac: [UInt8], by user: String, for period: Int64, at time: Int64) throws(BrokerError) -> Int64
    {
        let token = try self.token(hmac, of: user)
        guard token.expiresAt > time, token.endsAtLatest > time else { throw BrokerError(.delegationTokenExpired) }
        return self.end(token, at: Self.sum(time, period < 0 ? Self.defaultLifetime : period))
    }

    /// Expires a token after `period` from now, or immediately if it is negative, and returns the new expiry.
    mutating func expire(hmac: [UInt8], by user: String, after period: Int64, at time: Int64) throws(BrokerError)
        -> Int64
    {
        let token = try self.token(hmac, of: user)
        guard period < 0 else { return self.end(token, at: Self.sum(time, period)) }
        self.byID[token.id] = nil
        return time
    }

    private func token(_ hmac: [UInt8], of user: String) throws(BrokerError) -> DelegationToken {
        guard let token = self.byID.values.first(where: { HashFunction.areEqual($0.hmac, hmac) }) else {
            throw BrokerError(.delegationTokenNotFound)
        }
        guard token.concerns(user) else { throw BrokerError(.delegationTokenOwnerMismatch) }
        return token
    }

    private mutating func end(_ token: DelegationToken, at time: Int64) -> Int64 {
        let end = min(time, token.endsAtLatest)
        self.byID[token.id]?.expiresAt = end
        return end
    }

    /// Returns the sum, saturated at the maximum because the client may send any period.
    private static func sum(_ time: Int64, _ period: Int64) -> Int64 {
        let (sum, overflows) = time.addingReportingOverflow(period)
        return overflows ? .max : sum
    }
}

extension Call {
    /// The user who may create and change tokens: the authenticated one, unless by a token.
    var tokenHolder: String? {
        self.connection.authentication.identity.flatMap { $0.isByToken ? nil : $0.user }
    }
}
