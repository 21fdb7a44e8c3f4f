// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// How the cluster takes part in transactions.
enum TransactionVersion: Hashable, Sendable {
    /// Partitions and groups are added by requests of their own, and the epoch stays from one transaction to the next.
    case v1
    /// Partitions and groups are added by the brokers that are written to, and each end of a transaction begins a new epoch, so
    /// that late requests of an earlier transaction are recognized (KIP-890).
    case v2
}

/// The producer of a transaction, as its requests name it.
struct TransactionalProducer: Hashable, Sendable {
    let transactionalID: String
    let identity: ProducerIdentity
}

/// A call that goes to a producer's transaction coordinator.
protocol TransactionCall: CoordinatorCall {
    var transactionalID: String { get }
}

extension TransactionCall {
    var coordinator: CoordinatorKey { CoordinatorKey(kind: .transaction, name: self.transactionalID) }
}
