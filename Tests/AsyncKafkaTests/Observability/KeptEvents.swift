// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import KafkaMemory

@testable import AsyncKafka

/// Keeps the events of a client.
final class KeptEvents: KafkaObserver {
    private let kept = Lock<[KafkaEvent]>([])

    func observe(_ event: KafkaEvent) {
        self.kept.withLock { $0.append(event) }
    }

    /// The payloads of the events of one kind.
    func all<Payload>(_ payload: (KafkaEvent) -> Payload?) -> [Payload] {
        self.kept.withLock { $0 }.compactMap(payload)
    }

    var connected: [KafkaEvent.Connected] { self.all { if case .connected(let event) = $0 { event } else { nil } } }
    var disconnected: [KafkaEvent.Disconnected] {
        self.all { if case .disconnected(let event) = $0 { event } else { nil } }
    }
    var connectionFailed: [KafkaEvent.ConnectionFailed] {
        self.all { if case .connectionFailed(let event) = $0 { event } else { nil } }
    }
    var reauthenticated: [KafkaEvent.Reauthenticated] {
        self.all { if case .reauthenticated(let event) = $0 { event } else { nil } }
    }
    var throttled: [KafkaEvent.Throttled] { self.all { if case .throttled(let event) = $0 { event } else { nil } } }
    var batchesSent: [KafkaEvent.BatchSent] { self.all { if case .batchSent(let event) = $0 { event } else { nil } } }
    var batchesAcknowledged: [KafkaEvent.BatchAcknowledged] {
        self.all { if case .batchAcknowledged(let event) = $0 { event } else { nil } }
    }
    var batchesFailed: [KafkaEvent.BatchFailed] {
        self.all { if case .batchFailed(let event) = $0 { event } else { nil } }
    }

    var transactionsCommitted: [KafkaEvent.TransactionCommitted] {
        self.all { if case .transactionCommitted(let event) = $0 { event } else { nil } }
    }
    var transactionsAborted: [KafkaEvent.TransactionAborted] {
        self.all { if case .transactionAborted(let event) = $0 { event } else { nil } }
    }

    var partitionsFetched: [KafkaEvent.PartitionFetched] {
        self.all { if case .partitionFetched(let event) = $0 { event } else { nil } }
    }
    var batchesDelivered: [KafkaEvent.BatchDelivered] {
        self.all { if case .batchDelivered(let event) = $0 { event } else { nil } }
    }
    var rebalanced: [KafkaEvent.Rebalanced] { self.all { if case .rebalanced(let event) = $0 { event } else { nil } } }
    var offsetsCommitted: [KafkaEvent.OffsetsCommitted] {
        self.all { if case .offsetsCommitted(let event) = $0 { event } else { nil } }
    }
    var commitsFailed: [KafkaEvent.CommitFailed] {
        self.all { if case .commitFailed(let event) = $0 { event } else { nil } }
    }

    func sent(_ api: String) -> [KafkaEvent.RequestSent] {
        self.all { if case .requestSent(let event) = $0, "\(event.api)" == api { event } else { nil } }
    }
    func answered(_ api: String) -> [KafkaEvent.RequestAnswered] {
        self.all { if case .requestAnswered(let event) = $0, "\(event.api)" == api { event } else { nil } }
    }
    func failed(_ api: String) -> [KafkaEvent.RequestFailed] {
        self.all { if case .requestFailed(let event) = $0, "\(event.api)" == api { event } else { nil } }
    }
}
