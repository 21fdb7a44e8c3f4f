// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// The payloads of the events of connections and requests.

extension KafkaEvent {
    /// A connection that was opened.
    public struct Connected: Sendable {
        /// The broker. Its id is nil if the connection was made to a bootstrap server.
        public let broker: Broker
        /// The time from the name look-up to the end of authentication.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, duration: Duration) {
            self.broker = broker
            self.duration = duration
        }
    }

    /// A connection that ended.
    public struct Disconnected: Sendable {
        /// The broker.
        public let broker: Broker
        /// The reason. Its code is `.closed` if the client closed the connection because it was idle or the client was
        /// closed.
        public let reason: KafkaError

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, reason: KafkaError) {
            self.broker = broker
            self.reason = reason
        }
    }

    /// A failed attempt to connect.
    public struct ConnectionFailed: Sendable {
        /// The broker.
        public let broker: Broker
        /// The reason.
        public let reason: KafkaError
        /// The duration of the attempt.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, reason: KafkaError, duration: Duration) {
            self.broker = broker
            self.reason = reason
            self.duration = duration
        }
    }

    /// A session that was renewed.
    public struct Reauthenticated: Sendable {
        /// The broker.
        public let broker: Broker
        /// The name of the SASL mechanism.
        public let mechanism: String
        /// The time for which requests were held back.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, mechanism: String, duration: Duration) {
            self.broker = broker
            self.mechanism = mechanism
            self.duration = duration
        }
    }

    /// An API of the Kafka protocol, in a version.
    public struct API: Hashable, Sendable, CustomStringConvertible {
        /// The API key.
        public let key: Int16
        /// The version.
        public let version: Int16

        /// Creates the API with this key, in a version.
        public init(key: Int16, version: Int16) {
            self.key = key
            self.version = version
        }

        /// Kafka's name of the API, such as `Produce`.
        public var description: String { APIKey(rawValue: self.key).description }
    }

    /// A request that was sent. Produce with `acks` 0 has no answer.
    public struct RequestSent: Sendable {
        /// The broker.
        public let broker: Broker
        /// The API.
        public let api: API
        /// The size in bytes, without the length prefix.
        public let bytes: Int
        /// The time that the request waited to be sent, because the broker had requested a pause, the session was being
        /// renewed, or earlier requests had to be answered first.
        public let queued: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, api: API, bytes: Int, queued: Duration) {
            self.broker = broker
            self.api = api
            self.bytes = bytes
            self.queued = queued
        }
    }

    /// A request that was answered.
    public struct RequestAnswered: Sendable {
        /// The broker.
        public let broker: Broker
        /// The API.
        public let api: API
        /// The size of the response in bytes, without the length prefix.
        public let bytes: Int
        /// The time from sending the request to reading its response. Fetch waits at the broker for records, and
        /// JoinGroup and SyncGroup wait for other members.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, api: API, bytes: Int, duration: Duration) {
            self.broker = broker
            self.api = api
            self.bytes = bytes
            self.duration = duration
        }
    }

    /// A request that ended without an answer.
    public struct RequestFailed: Sendable {
        /// The broker.
        public let broker: Broker
        /// The API.
        public let api: API
        /// The reason. `isOutcomeUnknown` is true if the request may have taken effect.
        public let error: KafkaError

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, api: API, error: KafkaError) {
            self.broker = broker
            self.api = api
            self.error = error
        }
    }

    /// A pause that a broker requested.
    public struct Throttled: Sendable {
        /// The broker.
        public let broker: Broker
        /// The length of the pause.
        public let duration: Duration

        /// Creates an event, for tests of an observer.
        public init(broker: Broker, duration: Duration) {
            self.broker = broker
            self.duration = duration
        }
    }
}
