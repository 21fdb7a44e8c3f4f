// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// The payloads of the events of transactions.

extension KafkaEvent {
    /// A transaction that was committed.
    public struct TransactionCommitted: Sendable {
        /// The producer's transactional id.
        public let transactionalID: String
        /// The time since the transaction began.
        public let duration: Duration
        /// The part of it since the closure returned: waiting for the records and offsets to be stored, and for the commit.
        public let commitDuration: Duration

        /// Creates an event, for tests of an observer.
        public init(transactionalID: String, duration: Duration, commitDuration: Duration) {
            self.transactionalID = transactionalID
            self.duration = duration
            self.commitDuration = commitDuration
        }
    }

    /// A transaction that was not committed, or whose commit has an unknown outcome.
    public struct TransactionAborted: Sendable {
        /// The producer's transactional id.
        public let transactionalID: String
        /// Why the cluster or the producer has caused the abort. With `isOutcomeUnknown`, the transaction may be committed. Nil if the
        /// closure has thrown an error of its own, or its task was cancelled.
        public let cause: KafkaError?
        /// The time since the transaction began.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(transactionalID: String, cause: KafkaError?, duration: Duration) {
            self.transactionalID = transactionalID
            self.cause = cause
            self.duration = duration
        }
    }
}
