// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Brokers make tokens if they have a `delegation.token.secret.key` (`delegation.token.master.key` below Kafka 3), and take these
/// calls on listeners that know who is calling, but not from those who have logged in with a token.
extension KafkaAdminClient {
    /// Has a token made (KIP-48).
    ///
    /// - Parameters:
    ///   - owner: for whom, if for somebody else than this client, which takes the right to `CreateTokens` of his, and Kafka 3.3
    ///     (KIP-373).
    ///   - renewers: who may renew it, beside the owner. Nobody by default.
    ///   - maximumLifetime: beyond which it can't be renewed; the broker's (`delegation.token.max.lifetime.ms`) by default, and at
    ///     most.
    /// - Throws: also with an unknown outcome; a token that may have been made then ends by itself.
    public func createDelegationToken(
        owner: KafkaPrincipal? = nil, renewers: [KafkaPrincipal] = [], maximumLifetime: Duration? = nil
    ) async throws(KafkaError) -> DelegationToken {
        var request = CreateDelegationTokenRequest()
        if let owner {
            request.ownerPrincipalType = owner.type
            request.ownerPrincipalName = owner.name
        }
        request.renewers = renewers.map { principal in
            var renewer = CreateDelegationTokenRequest.CreatableRenewers()
            renewer.principalType = principal.type
            renewer.principalName = principal.name
            return renewer
        }
        request.maxLifetimeMs = try Self.milliseconds(maximumLifetime, "maximumLifetime")
        let made = try await self.perform(CreateDelegationTokenCall(body: request))
        return DelegationToken(
            id: made.tokenId, hmac: Secret(Base64.encode(Array(made.hmac))),
            owner: KafkaPrincipal(type: made.principalType, name: made.principalName),
            requester: Self.principal(made.tokenRequesterPrincipalType, made.tokenRequesterPrincipalName),
            renewers: renewers, issuedAt: Timestamp(millisecondsSince1970: made.issueTimestampMs),
            expiresAt: Timestamp(millisecondsSince1970: made.expiryTimestampMs),
            expiresAtLatest: Timestamp(millisecondsSince1970: made.maxTimestampMs))
    }

    /// Makes a token last for longer: when it ends from now on.
    ///
    /// - Parameters:
    ///   - hmac: the token's, in Base64.
    ///   - period: from now; the broker's (`delegation.token.expiry.time.ms`) by default. It ends at `expiresAtLatest` all the same.
    @discardableResult
    public func renewDelegationToken(hmac: Secret, for period: Duration? = nil) async throws(KafkaError) -> Timestamp {
        var request = RenewDelegationTokenRequest()
        request.hmac = try Self.bytes(hmac)
        request.renewPeriodMs = try Self.milliseconds(period, "period")
        let answer = try await self.perform(RenewDelegationTokenCall(body: request))
        return Timestamp(millisecondsSince1970: answer.expiryTimestampMs)
    }

    /// Ends a token: when it does. Connections that have logged in with it stay until their sessions end.
    ///
    /// - Parameters:
    ///   - hmac: the token's, in Base64.
    ///   - delay: how long it is still good for. Not at all by default.
    @discardableResult
    public func expireDelegationToken(hmac: Secret, after delay: Duration? = nil) async throws(KafkaError) -> Timestamp
    {
        var request = ExpireDelegationTokenRequest()
        request.hmac = try Self.bytes(hmac)
        request.expiryTimePeriodMs = try Self.milliseconds(delay, "delay")
        let answer = try await self.perform(ExpireDelegationTokenCall(body: request))
        return Timestamp(millisecondsSince1970: answer.expiryTimestampMs)
    }

    /// The tokens that this client may see: its own, those that it may renew, and those that it has the right to `Describe`.
    ///
    /// - Parameter owners: only those that one of them owns or may renew. Everybody's by default.
    public func describeDelegationTokens(
        owners: [KafkaPrincipal]? = nil
    ) async throws(KafkaError) -> [DelegationToken] {
        var request = DescribeDelegationTokenRequest()
        request.owners = owners?.map { principal in
            var owner = DescribeDelegationTokenRequest.DescribeDelegationTokenOwner()
            owner.principalType = principal.type
            owner.principalName = principal.name
            return owner
        }
        let answer = try await self.perform(DescribeDelegationTokenCall(body: request))
        return answer.tokens.map { token in
            DelegationToken(
                id: token.tokenId, hmac: Secret(Base64.encode(Array(token.hmac))),
                owner: KafkaPrincipal(type: token.principalType, name: token.principalName),
                requester: Self.principal(token.tokenRequesterPrincipalType, token.tokenRequesterPrincipalName),
                renewers: token.renewers.map { KafkaPrincipal(type: $0.principalType, name: $0.principalName) },
                issuedAt: Timestamp(millisecondsSince1970: token.issueTimestamp),
                expiresAt: Timestamp(millisecondsSince1970: token.expiryTimestamp),
                expiresAtLatest: Timestamp(millisecondsSince1970: token.maxTimestamp))
        }
    }

    // MARK: What the protocol has

    private static func principal(_ type: String, _ name: String) -> KafkaPrincipal? {
        name.isEmpty ? nil : KafkaPrincipal(type: type, name: name)
    }

    private static func bytes(_ hmac: Secret) throws(KafkaError) -> Bytes {
        guard !hmac.text.isEmpty, let bytes = Base64.decode(hmac.text) else {
            throw KafkaError(
                .invalidArgument, "A delegation token's HMAC is Base64, as createDelegationToken gives it.")
        }
        return Bytes(bytes)
    }

    /// Nothing is -1: what the broker has for it.
    private static func milliseconds(_ duration: Duration?, _ what: String) throws(KafkaError) -> Int64 {
        guard let duration else { return -1 }
        guard duration >= .milliseconds(1), duration <= .seconds(Int64.max / 4000) else {
            throw KafkaError(.invalidArgument, "\(what) must be at least a millisecond; it is \(duration).")
        }
        return duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
