// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Access control entries require an authorizer on the brokers (`authorizer.class.name`). Without one, all of these calls
/// fail with the `brokerCode` `.securityDisabled`.
extension KafkaAdminClient {
    /// Creates access control entries. An entry that exists already is a success.
    ///
    /// ```swift
    /// try await admin.createACLs([
    ///     .allow(.user("alice"), .write, on: .topic("orders")),
    ///     .allow(.user("bob"), .read, on: .topics(prefix: "orders.")),
    ///     .allow(.user("bob"), .read, on: .group("billing")),
    /// ]).allSucceeded()
    /// ```
    ///
    /// - Parameters:
    ///   - bindings: The entries.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each entry. It is `.authorizationFailed` if the client may not `ALTER` the cluster.
    public func createACLs(
        _ bindings: [ACLBinding], timeout: Duration? = nil
    ) async -> [ACLBinding: Result<Void, KafkaError>] {
        await self.perform(CreateACLsCall(), for: bindings, timeout: timeout)
    }

    /// Returns the access control entries that a filter selects.
    ///
    /// - Parameters:
    ///   - filter: The filter. Default: all entries.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The entries, by resource.
    /// - Throws: `.authorizationFailed` if the client may not `DESCRIBE` the cluster, and the errors of all calls.
    public func describeACLs(
        matching filter: ACLBindingFilter = .all, timeout: Duration? = nil
    ) async throws(KafkaError) -> [ACLBinding] {
        try await self.perform(DescribeACLsCall(filter: filter), timeout: timeout)
    }

    /// Deletes all access control entries that the filters select. A filter that selects none is a success.
    ///
    /// - Parameters:
    ///   - filters: The filters. `ACLBindingFilter(binding)` selects a single entry, and `.all` all of them.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The deleted entries for each filter, or its error. It is an error if some of the entries could not be
    ///   deleted. If `isOutcomeUnknown` is true, the entries may have been deleted.
    public func deleteACLs(
        matching filters: [ACLBindingFilter], timeout: Duration? = nil
    ) async -> [ACLBindingFilter: Result<[ACLBinding], KafkaError>] {
        await self.perform(DeleteACLsCall(), for: filters, timeout: timeout)
    }
}
