// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// What the events of connections and requests tell.

extension KafkaEvent {
    /// Tells of a connection that is open.
    public struct Connected: Sendable {
        /// The broker it leads to. It has no id while only its address is known, as for bootstrap servers.
        public let broker: Broker
        /// How long it took, from the look-up of the name to the end of the authentication.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, duration: Duration) {
            self.broker = broker
            self.duration = duration
        }
    }

    /// Tells of a connection that has ended.
    public struct Disconnected: Sendable {
        /// The broker that it led to.
        public let broker: Broker
        /// Why: `.closed` if the client has ended it, because it was not used any more or the client is closed.
        public let reason: KafkaError

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, reason: KafkaError) {
            self.broker = broker
            self.reason = reason
        }
    }

    /// Tells of an attempt to connect that has failed.
    public struct ConnectionFailed: Sendable {
        /// The broker that was to be reached.
        public let broker: Broker
        /// Why it failed.
        public let reason: KafkaError
        /// How long it took.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, reason: KafkaError, duration: Duration) {
            self.broker = broker
            self.reason = reason
            self.duration = duration
        }
    }

    /// Tells of a session that was renewed.
    public struct Reauthenticated: Sendable {
        /// The broker that has granted the session.
        public let broker: Broker
        /// The name of the SASL mechanism.
        public let mechanism: String
        /// How long requests were held back.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, mechanism: String, duration: Duration) {
            self.broker = broker
            self.mechanism = mechanism
            self.duration = duration
        }
    }

    /// Names an API of Kafka's protocol.
    public struct API: Hashable, Sendable, CustomStringConvertible {
        /// Its number in the protocol.
        public let key: Int16
        /// The version of the request.
        public let version: Int16

        /// The API with this number, in a version.
        public init(key: Int16, version: Int16) {
            self.key = key
            self.version = version
        }

        /// Kafka's name of it, such as `Produce`.
        public var description: String { APIKey(rawValue: self.key).description }
    }

    /// Tells of a request that was written. Produce with `acks` 0 has no answer.
    public struct RequestSent: Sendable {
        /// The broker that it went to.
        public let broker: Broker
        /// What was asked.
        public let api: API
        /// Its size, without the four bytes of its length.
        public let bytes: Int
        /// How long it has waited: for a throttled broker, a session's renewal, or answers to requests before it.
        public let queued: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, api: API, bytes: Int, queued: Duration) {
            self.broker = broker
            self.api = api
            self.bytes = bytes
            self.queued = queued
        }
    }

    /// Tells of an answer.
    public struct RequestAnswered: Sendable {
        /// The broker that has answered.
        public let broker: Broker
        /// What was asked.
        public let api: API
        /// The answer's size, without the four bytes of its length.
        public let bytes: Int
        /// From when the request was written until its answer was read. Some requests wait at the broker: Fetch for records,
        /// JoinGroup and SyncGroup for other members.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, api: API, bytes: Int, duration: Duration) {
            self.broker = broker
            self.api = api
            self.bytes = bytes
            self.duration = duration
        }
    }

    /// Tells of a request without an answer.
    public struct RequestFailed: Sendable {
        /// The broker that was asked.
        public let broker: Broker
        /// What was asked.
        public let api: API
        /// Why there is no answer. `isOutcomeUnknown` tells whether it may have taken effect.
        public let error: KafkaError

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, api: API, error: KafkaError) {
            self.broker = broker
            self.api = api
            self.error = error
        }
    }

    /// Tells of a pause that a broker wants.
    public struct Throttled: Sendable {
        /// The broker.
        public let broker: Broker
        /// How long nothing is sent to it.
        public let duration: Duration

        /// An event as a client makes it, for tests of an observer.
        public init(broker: Broker, duration: Duration) {
            self.broker = broker
            self.duration = duration
        }
    }
}
