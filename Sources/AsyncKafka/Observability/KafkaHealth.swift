// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Whether a client can do its work, for a readiness probe.
///
/// It is decided from what the client knows; no request is sent. A client that is degraded goes on trying, and is ready again by
/// itself. A transient failure doesn't count before it has lasted for 3 s, and neither does a rebalance of a group that the client
/// is a member of, nor a full buffer: they belong to normal operation.
@nonexhaustive
public enum KafkaHealth: Hashable, Sendable {
    /// The client runs and can do its work.
    case ready
    /// The client can't do all of its work now.
    case degraded([Reason])
    /// `run()` has ended or is ending, or the client can never work again (`KafkaError.isFatal`). A probe of liveness may fail.
    case stopped

    /// Why a client is degraded.
    public struct Reason: Hashable, Sendable {
        /// The kind of reason.
        public var code: Code
        /// What is wrong, for people.
        public var message: String

        /// Creates a reason, for tests of a probe.
        public init(_ code: Code, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    /// The kinds of reasons.
    @nonexhaustive
    public enum Code: String, Hashable, Sendable {
        /// Nothing runs the client's `run()` yet.
        case notRunning
        /// No broker has answered yet, or no broker is connected and all attempts to connect have failed for 3 s.
        case clusterUnreachable
        /// Records wait for a producer id, which the cluster has not given.
        case noProducerID
        /// Records of some partitions could not be written for 3 s. They are kept until `deliveryTimeout`.
        case partitionsNotWritten
        /// The consumer is not a member of its group: it has not joined yet, was removed, or can't join.
        case notInGroup
        /// Some partitions can't be read, have had no leader for 3 s, or could not be fetched for 3 s.
        case partitionsNotRead
    }

    /// Whether the client is ready.
    public var isReady: Bool { self == .ready }

    /// How long a failure that is retried doesn't count.
    static let patience: Duration = .seconds(3)

    /// Ready without reasons, and degraded with some.
    init(_ reasons: [Reason]) {
        self = reasons.isEmpty ? .ready : .degraded(reasons)
    }
}

extension KafkaHealth: CustomStringConvertible {
    /// The state, and what is wrong: `degraded: The cluster has not been reached yet.`
    public var description: String {
        switch self {
        case .ready: "ready"
        case .degraded(let reasons): "degraded: \(reasons.map(\.message.printable).joined(separator: " "))"
        case .stopped: "stopped"
        }
    }
}
