// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Under which name an idempotent producer writes: brokers drop what they have seen from it already (KIP-98).
struct ProducerIdentity: Hashable, Sendable {
    var id: Int64
    var epoch: Int16

    /// The same producer one epoch on, where sequences begin at 0 again; nil after the last epoch.
    ///
    /// Without transactions no coordinator takes part, and brokers keep the epoch for each partition by itself. So
    /// each partition raises its own (KIP-360 does it for all at once) and disturbs no other.
    var nextEpoch: ProducerIdentity? {
        self.epoch == .max ? nil : ProducerIdentity(id: self.id, epoch: self.epoch + 1)
    }
}

/// Arithmetic of sequence numbers: after 2147483647 comes 0.
enum ProducerSequence {
    static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(sequence) + Int64(count)) & 0x7fff_ffff)
    }
}

/// Gets the producer's identity from the cluster. Pure.
struct IdempotenceStateMachine {
    enum State {
        /// Nobody has needed one yet.
        case idle
        /// A broker is being asked.
        case requesting
        case ready(ProducerIdentity)
        /// It can't be had: every record fails with this.
        case failed(KafkaError)
    }

    enum Failure {
        /// Ask again after a backoff.
        case retry
        /// Nothing can be sent: fail what waits.
        case fatal(KafkaError)
    }

    private(set) var state: State = .idle

    /// The identity for partitions that have none yet.
    var identity: ProducerIdentity? {
        if case .ready(let identity) = self.state { identity } else { nil }
    }

    /// Why there will be none.
    var fatalError: KafkaError? {
        if case .failed(let error) = self.state { error } else { nil }
    }

    /// Something can't be sent without an identity, or without another one than that of `stale`.
    /// Returns whether a broker must be asked now; at most one is at a time.
    mutating func identityNeeded(otherThan stale: Int64? = nil) -> Bool {
        switch self.state {
        case .idle:
            self.state = .requesting
            return true
        case .ready(let identity) where identity.id == stale:
            self.state = .requesting
            return true
        case .ready, .requesting, .failed:
            return false
        }
    }

    mutating func received(_ identity: ProducerIdentity) {
        guard case .requesting = self.state else { return }
        self.state = .ready(identity)
    }

    mutating func requestFailed(_ error: KafkaError) -> Failure {
        guard case .requesting = self.state, !error.isRetriable else { return .retry }
        var fatal = error
        fatal.isFatal = true
        self.state = .failed(fatal)
        return .fatal(fatal)
    }
}
