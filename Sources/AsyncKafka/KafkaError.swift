// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An error thrown by this library.
///
/// ``KafkaError/code`` is for programs. ``KafkaError/description`` is a sentence for people: it names the broker, topic, partition or group and
/// says what to do. Neither contains a password or a token.
public struct KafkaError: Error, Sendable {
    /// The kind of failure. Codes may be added in any release, so a `switch` over them needs a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case invalidConfiguration, invalidArgument, connectionFailed, authenticationFailed, authenticationTimeout,
                tlsFailed
            case protocolError, unsupportedVersion, timedOut, cancelled, closed, bufferFull, recordTooLarge
            case brokerError, unknownTopicOrPartition, authorizationFailed, deliveryTimedOut, offsetOutOfRange
            case noOffsetForPartition, logTruncated, commitFailed, groupFailed, fencedInstance, corruptRecord
            case compressionUnavailable, producerFenced, transactionAborted, listenerFailed, illegalState
        }
        private let name: Name
        private init(_ name: Name) { self.name = name }

        /// A setting is wrong, or two contradict each other.
        public static let invalidConfiguration = Code(.invalidConfiguration)
        /// An argument of a call is wrong: a topic name that Kafka forbids, a negative offset.
        public static let invalidArgument = Code(.invalidArgument)
        /// No connection: the name can't be resolved, or the connection was refused, reset or closed.
        public static let connectionFailed = Code(.connectionFailed)
        /// The broker refused the credentials.
        public static let authenticationFailed = Code(.authenticationFailed)
        /// Authentication didn't complete in time.
        public static let authenticationTimeout = Code(.authenticationTimeout)
        /// The TLS handshake failed: the broker's certificate isn't trusted, or the broker doesn't speak TLS on this
        /// port.
        public static let tlsFailed = Code(.tlsFailed)
        /// The data received is not valid Kafka protocol.
        public static let protocolError = Code(.protocolError)
        /// The broker is too old or too new for the operation; the message names what is missing.
        public static let unsupportedVersion = Code(.unsupportedVersion)
        /// A deadline passed.
        public static let timedOut = Code(.timedOut)
        /// The calling task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The producer or consumer is closed, or closing.
        public static let closed = Code(.closed)
        /// The producer's buffer is full and the call doesn't wait for room, or too many requests to a broker are pending.
        public static let bufferFull = Code(.bufferFull)
        /// A record is larger than the producer's or the broker's limit.
        public static let recordTooLarge = Code(.recordTooLarge)
        /// The broker returned an error that has no code of its own here: see `brokerCode`.
        public static let brokerError = Code(.brokerError)
        /// The topic or partition does not exist.
        public static let unknownTopicOrPartition = Code(.unknownTopicOrPartition)
        /// The client is authenticated but not authorized for the operation.
        public static let authorizationFailed = Code(.authorizationFailed)
        /// A record was not acknowledged within the delivery timeout.
        public static let deliveryTimedOut = Code(.deliveryTimedOut)
        /// The position lies outside the log and the reset policy is `.none`.
        public static let offsetOutOfRange = Code(.offsetOutOfRange)
        /// There is no committed offset and the reset policy is `.none`.
        public static let noOffsetForPartition = Code(.noOffsetForPartition)
        /// Records that were read are no longer in the log, after an unclean leader election (KIP-320).
        public static let logTruncated = Code(.logTruncated)
        /// Offsets were not committed because the group has rebalanced.
        public static let commitFailed = Code(.commitFailed)
        /// The group cannot be joined.
        public static let groupFailed = Code(.groupFailed)
        /// Another consumer has the same group instance id (KIP-345).
        public static let fencedInstance = Code(.fencedInstance)
        /// A record batch is corrupt: its checksum or its contents are wrong.
        public static let corruptRecord = Code(.corruptRecord)
        /// The compression codec is not part of this build; the message names the package trait that adds it.
        public static let compressionUnavailable = Code(.compressionUnavailable)
        /// Another producer has taken over this one's identity.
        public static let producerFenced = Code(.producerFenced)
        /// The transaction was aborted, and nothing of it is stored for those who read committed. If `isRetriable`, run it again.
        /// `underlyingError` is the cause.
        public static let transactionAborted = Code(.transactionAborted)
        /// A ``ConsumerRebalanceListener`` callback threw; `underlyingError` is the error it threw.
        public static let listenerFailed = Code(.listenerFailed)
        /// The call isn't allowed in the current state: `seek` on a partition that is not assigned, two iterators at
        /// once.
        public static let illegalState = Code(.illegalState)

        /// The code's name.
        public var description: String { self.name.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What happened and what to do about it.
    public var message: String
    /// The broker's error code, if a broker returned one.
    public var brokerCode: ErrorCode?
    /// The broker that the request went to: `host:port`, with its id if known.
    public var broker: String?
    /// The topic concerned.
    public var topic: String?
    /// The partition concerned.
    public var partition: Int32?
    /// The group concerned.
    public var group: String?
    /// Whether the same operation may succeed later. The library has already retried until the operation's deadline.
    public var isRetriable: Bool
    /// Whether the producer or consumer can't continue and must be closed.
    public var isFatal: Bool
    /// Whether it is **unknown** if the operation took effect: the request was sent, but no answer came.
    public var isOutcomeUnknown: Bool
    /// The error that caused this one.
    public var underlyingError: (any Error)?

    /// Creates an error. Leave out what doesn't apply or is unknown.
    public init(
        _ code: Code, _ message: String, brokerCode: ErrorCode? = nil, broker: String? = nil, topic: String? = nil,
        partition: Int32? = nil, group: String? = nil, isRetriable: Bool = false, isFatal: Bool = false,
        isOutcomeUnknown: Bool = false, underlyingError: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.brokerCode = brokerCode
        self.broker = broker
        self.topic = topic
        self.partition = partition
        self.group = group
        self.isRetriable = isRetriable
        self.isFatal = isFatal
        self.isOutcomeUnknown = isOutcomeUnknown
        self.underlyingError = underlyingError
    }
}

extension KafkaError: CustomStringConvertible {
    /// The message and its context on one line. Line breaks and other control characters from a broker are escaped.
    public var description: String {
        var context: [String] = []
        if let brokerCode { context.append("broker's error \(brokerCode)") }
        if let broker { context.append("broker \(broker)") }
        if let topic { context.append(self.partition.map { "partition \(topic)-\($0)" } ?? "topic \(topic)") }
        if let group { context.append("group \(group)") }
        if self.isOutcomeUnknown { context.append("outcome unknown") }
        let text = context.isEmpty ? self.message : "\(self.message) [\(context.joined(separator: ", "))]"
        return text.printable
    }
}
