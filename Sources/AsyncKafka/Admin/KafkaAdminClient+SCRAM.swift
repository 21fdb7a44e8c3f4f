// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Returns all users that have SCRAM credentials, with what brokers tell of them (KIP-554, Kafka 2.7).
    ///
    /// - Parameter timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The credentials by the user's name.
    /// - Throws: `.unsupportedVersion` with brokers below Kafka 2.7, and the errors of all calls.
    public func describeUserSCRAMCredentials(
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: [SCRAMCredentialInfo]] {
        let results = await self.perform(DescribeUserSCRAMCredentialsCall(), for: [nil], timeout: timeout)
        return try results[nil]?.get() ?? [:]
    }

    /// Returns what brokers tell of the SCRAM credentials of users (KIP-554, Kafka 2.7).
    ///
    /// - Parameters:
    ///   - users: The users' names.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each user. The `brokerCode` is `.resourceNotFound` for one without a credential.
    public func describeUserSCRAMCredentials(
        _ users: [String], timeout: Duration? = nil
    ) async -> [String: Result<[SCRAMCredentialInfo], KafkaError>] {
        let results = await self.perform(
            DescribeUserSCRAMCredentialsCall(), for: users.map(Optional.some), timeout: timeout)
        return Dictionary(
            users.compactMap { user in results[user].map { (user, $0.map { $0[user] ?? [] }) } }
        ) { first, _ in first }
    }

    /// Sets and deletes SCRAM credentials (KIP-554, Kafka 2.7).
    ///
    /// Passwords are salted and hashed by the client and never sent. A connection that has authenticated already stays open.
    ///
    /// ```swift
    /// try await admin.alterUserSCRAMCredentials([
    ///     "alice": [.upsert(.sha512, password: password), .delete(.sha256)]
    /// ]).allSucceeded()
    /// ```
    ///
    /// - Parameters:
    ///   - changes: The changes by the user's name. Those of a user are made one after the other, until one fails.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each user. It is `.invalidArgument` for an empty password and for less than 4096 or more than
    ///   16384 iterations; the `brokerCode` is `.resourceNotFound` if there is no credential to delete.
    public func alterUserSCRAMCredentials(
        _ changes: [String: [SCRAMCredentialChange]], timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        let deadline = self.deadline(timeout)
        var pending: [String: ArraySlice<AlterUserSCRAMCredentialsCall.Change>] = [:]
        var results: [String: Result<Void, KafkaError>] = [:]
        for (user, own) in changes {
            do throws(KafkaError) {
                pending[user] = try own.salted()[...]
                results[user] = .success(())
            } catch {
                results[user] = .failure(error)
            }
        }
        // A request may name each user once.
        while true {
            let next = pending.popFirst()
            guard !next.isEmpty else { return results }
            let call = AlterUserSCRAMCredentialsCall(users: next)
            for (user, result) in await self.cluster.perform(call, for: Array(next.keys), deadline: deadline) {
                results[user] = result
                if case .failure = result { pending[user] = nil }
            }
        }
    }
}

extension [String: ArraySlice<AlterUserSCRAMCredentialsCall.Change>] {
    /// Removes and returns the next change of each user that has one.
    fileprivate mutating func popFirst() -> [String: AlterUserSCRAMCredentialsCall.Change] {
        var first: [String: AlterUserSCRAMCredentialsCall.Change] = [:]
        for user in self.keys { first[user] = self[user]?.popFirst() }
        return first
    }
}
