// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Delegation tokens require `delegation.token.secret.key` on the brokers (`delegation.token.master.key` below Kafka
/// 3). Brokers accept these calls on authenticated listeners only, and not from clients that have authenticated with a
/// delegation token.
///
/// All calls throw `.authorizationFailed` if the client lacks a right, `.brokerError` if a broker refuses the request for
/// another reason (`brokerCode` has its error code), `.timedOut` if no broker answers within
/// `KafkaClientConfiguration.apiTimeout`, `.closed` if the client is shut down, and `.cancelled` if the task is cancelled.
/// If no broker can be reached for a reason that retries don't cure, they throw it at once: `.tlsFailed`, for instance, or
/// `.authenticationFailed`.
extension KafkaAdminClient {
    /// Creates a delegation token (KIP-48).
    ///
    /// - Parameters:
    ///   - owner: The principal to create the token for. Default: this client's own. Another principal requires the
    ///     right to `CreateTokens` for it, and Kafka 3.3 (KIP-373).
    ///   - renewers: The principals that may renew the token in addition to the owner. Default: none.
    ///   - maximumLifetime: The time beyond which the token can't be renewed. Default and upper limit: the brokers'
    ///     `delegation.token.max.lifetime.ms`.
    /// - Returns: The token with its secret.
    /// - Throws: `.invalidArgument` if `maximumLifetime` is less than a millisecond, `.unsupportedVersion` if `owner` is set
    ///   and the broker is older than Kafka 3.3, and the errors of all delegation token calls. If `isOutcomeUnknown` is
    ///   true, a token may exist; it expires without being renewed.
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

    /// Renews a delegation token. Its owner and its renewers may do so.
    ///
    /// - Parameters:
    ///   - hmac: The token's HMAC in Base64.
    ///   - period: The time from now until the token expires. Default: the brokers' `delegation.token.expiry.time.ms`.
    ///     The token never outlives `expiresAtLatest`.
    /// - Returns: The time at which the token now expires.
    /// - Throws: `.invalidArgument` if `hmac` isn't Base64 or `period` is less than a millisecond, and the errors of all
    ///   delegation token calls. The `brokerCode` is `.delegationTokenNotFound` for an unknown token,
    ///   `.delegationTokenExpired` for one that has expired, and `.delegationTokenOwnerMismatch` if the client is neither
    ///   owner nor renewer.
    @discardableResult
    public func renewDelegationToken(hmac: Secret, for period: Duration? = nil) async throws(KafkaError) -> Timestamp {
        var request = RenewDelegationTokenRequest()
        request.hmac = try Self.bytes(hmac)
        request.renewPeriodMs = try Self.milliseconds(period, "period")
        let answer = try await self.perform(RenewDelegationTokenCall(body: request))
        return Timestamp(millisecondsSince1970: answer.expiryTimestampMs)
    }

    /// Expires a delegation token. Its owner and its renewers may do so. Connections that have authenticated with it stay
    /// open until their sessions end.
    ///
    /// - Parameters:
    ///   - hmac: The token's HMAC in Base64.
    ///   - delay: The time for which the token remains valid. Default: it expires at once.
    /// - Returns: The time at which the token expires.
    /// - Throws: As ``KafkaAdminClient/renewDelegationToken(hmac:for:)``. If `isOutcomeUnknown` is true, the token may have expired.
    @discardableResult
    public func expireDelegationToken(hmac: Secret, after delay: Duration? = nil) async throws(KafkaError) -> Timestamp
    {
        var request = ExpireDelegationTokenRequest()
        request.hmac = try Self.bytes(hmac)
        request.expiryTimePeriodMs = try Self.milliseconds(delay, "delay")
        let answer = try await self.perform(ExpireDelegationTokenCall(body: request))
        return Timestamp(millisecondsSince1970: answer.expiryTimestampMs)
    }

    /// Returns the delegation tokens visible to this client: those it owns, may renew, or is authorized to `Describe`.
    ///
    /// - Parameter owners: Return only tokens that one of these principals owns or may renew. Default: no restriction.
    /// - Returns: The tokens with their secrets.
    /// - Throws: The errors of all delegation token calls.
    public func describeDelegationTokens(
        owners: [KafkaPrincipal]? = nil
    ) async throws(KafkaError) -> [DelegationToken] {
        if owners?.isEmpty == true { return [] }
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

    // MARK: Conversions

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

    /// In the protocol -1 stands for the broker's default.
    private static func milliseconds(_ duration: Duration?, _ what: String) throws(KafkaError) -> Int64 {
        guard let duration else { return -1 }
        guard duration >= .milliseconds(1), duration <= .seconds(Int64.max / 4000) else {
            throw KafkaError(.invalidArgument, "\(what) must be at least a millisecond; it is \(duration).")
        }
        return duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
