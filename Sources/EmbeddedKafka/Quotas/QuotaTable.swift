// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Whose requests a quota is about: a user, a client ID, both, or an IP address (KIP-124, KIP-546).
struct QuotaEntity: Hashable, Sendable {
    enum Name: Hashable, Sendable {
        /// All that have no quota of their own.
        case byDefault
        case named(String)
    }

    var user: Name?
    var clientID: Name?
    var ip: Name?

    var isEmpty: Bool { self.user == nil && self.clientID == nil && self.ip == nil }
}

/// The quotas of a cluster.
///
/// A pure value.
struct QuotaTable: Sendable {
    /// The kinds of quotas, with Kafka's names.
    enum Key: String, Sendable, CaseIterable {
        case producerByteRate = "producer_byte_rate"
        case consumerByteRate = "consumer_byte_rate"
        case requestPercentage = "request_percentage"
        case controllerMutationRate = "controller_mutation_rate"
        case connectionCreationRate = "connection_creation_rate"

        /// Whether it is a quota of addresses instead of users and client IDs.
        var isOfAddress: Bool { self == .connectionCreationRate }
        /// Whether its values are whole numbers.
        var isWhole: Bool { [.producerByteRate, .consumerByteRate, .connectionCreationRate].contains(self) }
    }

    /// The quota that a client has.
    struct Limit: Hashable, Sendable {
        var perSecond: Double
        /// The clients that share it. A part that is nil isn't distinguished.
        var sharedBy: Sharing
    }

    /// What distinguishes the clients that share a quota.
    struct Sharing: Hashable, Sendable {
        var user: String?
        var clientID: String?
    }

    private(set) var all: [QuotaEntity: [Key: Double]] = [:]

    /// Sets a quota, or removes it.
    mutating func set(_ value: Double?, _ key: Key, of entity: QuotaEntity) {
        self.all[entity, default: [:]][key] = value
        if self.all[entity]?.isEmpty == true { self.all[entity] = nil }
    }

    /// Returns the quota of a client: the most specific one, where a user counts more than a client ID.
    func limit(_ key: Key, user: String, clientID: String) -> Limit? {
        let users: [QuotaEntity.Name?] = [.named(user), .byDefault, nil]
        for name in users {
            let clients: [QuotaEntity.Name?] = [.named(clientID), .byDefault, nil]
            for client in clients {
                guard let value = self.all[QuotaEntity(user: name, clientID: client)]?[key] else { continue }
                return Limit(
                    perSecond: value,
                    sharedBy: Sharing(user: name.map { _ in user }, clientID: client.map { _ in clientID }))
            }
        }
        return nil
    }
}
