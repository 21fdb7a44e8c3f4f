// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if ServiceLifecycle
public import ServiceLifecycle

extension KafkaProducer: Service {}
extension KafkaTransactionalProducer: Service {}
extension KafkaConsumer: Service {}
extension KafkaAdminClient: Service {}
#endif

/// Runs `body`. With the trait `ServiceLifecycle`, calls `shutDown` when the service group of the task begins to shut down gracefully.
func withGracefulShutdown(
    _ shutDown: @escaping @Sendable () -> Void, _ body: () async throws -> Void
) async throws {
    #if ServiceLifecycle
    try await withGracefulShutdownHandler(operation: body, onGracefulShutdown: shutDown)
    #else
    try await body()
    #endif
}
