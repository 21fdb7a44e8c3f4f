// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

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
        /// It will never be had: every record fails with this.
        case failed(KafkaError)
    }

    enum Failure {
        /// Ask again after a backoff.
        case retry
        /// Somebody has to do something about it: fail what waits, and ask again after a backoff.
        case refused
        /// Nothing can ever be sent.
        case fatal(KafkaError)
    }

    private(set) var state: State = .idle
    /// The attempts to get it.
    private(set) var failedAttempts = FailedAttempts()

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
        self.failedAttempts = FailedAttempts()
    }

    /// Only a cluster that has no such identities, and an identity that is another producer's, are fatal: waiting mends neither.
    /// Users are made, rights given, certificates trusted, and wrong servers replaced while a producer lives.
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
