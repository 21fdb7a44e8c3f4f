// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A secret issued by the brokers with which its bearer authenticates as the token's owner for a limited time (KIP-48):
/// `KafkaSecurity.sasl(.delegationToken(id: token.id, hmac: token.hmac), over: …)`.
public struct DelegationToken: Hashable, Sendable {
    /// The token's id, which is the user name when authenticating with it.
    public var id: String
    /// The secret in Base64, which is the password when authenticating with it.
    public var hmac: Secret
    /// The principal that the bearer is authenticated as.
    public var owner: KafkaPrincipal
    /// The principal that requested the token. Nil with brokers below Kafka 3.3, where it is always the owner.
    public var requester: KafkaPrincipal?
    /// The principals that may renew the token in addition to the owner.
    public var renewers: [KafkaPrincipal]
    /// When the token was issued.
    public var issuedAt: Timestamp
    /// When the token expires unless it is renewed.
    public var expiresAt: Timestamp
    /// The time beyond which the token can't be renewed.
    public var expiresAtLatest: Timestamp
}
