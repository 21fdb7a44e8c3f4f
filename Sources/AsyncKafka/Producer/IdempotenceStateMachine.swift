// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Arithmetic of sequence numbers, which wrap to 0 after 2147483647.
enum ProducerSequence {
    static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(sequence) + Int64(count)) & 0x7fff_ffff)
    }
}

/// Obtains the producer's identity from the cluster. Pure.
struct IdempotenceStateMachine {
    enum State {
        /// No identity has been needed yet.
        case idle
        /// A request for an identity is in flight.
        case requesting
        case ready(ProducerIdentity)
        /// There will never be an identity. Every record fails with this error.
        case failed(KafkaError)
    }

    enum Failure {
        /// Request again after a backoff.
        case retry
        /// Only a user can resolve the cause. Fail the records that wait, and request again after a backoff.
        case refused
        /// Nothing can ever be sent.
        case fatal(KafkaError)
    }

    private(set) var state: State = .idle
    /// The failed attempts to obtain the identity.
    private(set) var failedAttempts = FailedAttempts()

    /// The identity for partitions that have none yet.
    var identity: ProducerIdentity? {
        if case .ready(let identity) = self.state { identity } else { nil }
    }

    /// The reason why there will be no identity.
    var fatalError: KafkaError? {
        if case .failed(let error) = self.state { error } else { nil }
    }

    /// A batch can't be sent without an identity, or without one other than that of `stale`. Returns whether to send a
    /// request now. There is at most one at a time.
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
        self.failedAttempts = FailedAttempts()
    }

    /// Only a cluster without idempotence and an identity that belongs to another producer are fatal. All other causes
    /// can be resolved while the producer lives: a missing user or permission, an untrusted certificate, a wrong
    /// server.
    mutating func requestFailed(_ error: KafkaError, now: MonotonicTime) -> Failure {
        guard case .requesting = self.state else { return .retry }
        self.failedAttempts.add(error, now: now)
        guard error.isFatal || error.code == .unsupportedVersion || error.code == .producerFenced else {
            return error.isRetriable ? .retry : .refused
        }
        var fatal = error
        fatal.isFatal = true
        fatal.isRetriable = false
        fatal.message = "This producer can't go on: make a new producer when what follows is mended. \(error.message)"
        self.state = .failed(fatal)
        return .fatal(fatal)
    }
}
