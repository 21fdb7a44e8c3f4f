// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if ServiceLifecycle
public import ServiceLifecycle

// A group ends its services one after the other, the last one first. A consumer and its reader can only end together, so a consumer
// isn't a service: the service that reads has it in a `withConsumer` scope.
extension KafkaProducer: Service {}
extension KafkaTransactionalProducer: Service {}
extension KafkaAdminClient: Service {}
#endif

/// Runs `body`. With the trait `ServiceLifecycle`, calls `shutDown` when the service of the task begins to shut down gracefully.
///
/// Unlike the rest of this folder, it is used by the clients below. All runs of consumers listen, and those of other clients that aren't
/// in a scope: in a scope, they end with its closure.
func withGracefulShutdown(
    _ shutDown: @escaping @Sendable () -> Void, _ body: () async throws -> Void
) async throws {
    #if ServiceLifecycle
    try await withGracefulShutdownHandler(operation: body, onGracefulShutdown: shutDown)
    #else
    try await body()
    #endif
}
