// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A secret that brokers have made for somebody, with which others log in as him for a while (KIP-48):
/// `KafkaSecurity.sasl(.delegationToken(id: token.id, hmac: token.hmac), over: …)`.
public struct DelegationToken: Hashable, Sendable {
    /// What it is called: the user name with which its bearer logs in.
    public var id: String
    /// The secret, in Base64: the password with which its bearer logs in.
    public var hmac: Secret
    /// As whom its bearer is logged in.
    public var owner: KafkaPrincipal
    /// Who has asked for it. Nil from brokers below Kafka 3.3, where that is the owner.
    public var requester: KafkaPrincipal?
    /// Who may renew it, beside the owner.
    public var renewers: [KafkaPrincipal]
    /// When it was made.
    public var issuedAt: Timestamp
    /// When it ends to be good, unless it is renewed before.
    public var expiresAt: Timestamp
    /// Beyond which it can't be renewed.
    public var expiresAtLatest: Timestamp
}
