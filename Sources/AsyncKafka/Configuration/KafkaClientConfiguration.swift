// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

/// The configuration common to producers, consumers and admin clients.
public struct KafkaClientConfiguration: Sendable {
    /// The brokers to contact first, as `host:port`. One reachable broker is enough; list several for availability.
    public var bootstrapServers: [String]
    /// How connections are encrypted and authenticated. Default: `.plaintext`, neither.
    public var security = KafkaSecurity.plaintext
    /// The client's name in the brokers' logs and quotas. Default: `async-kafka`.
    public var clientID = "async-kafka"
    /// The rack or availability zone that the client runs in (`client.rack`), used to read from the nearest replica
    /// (KIP-392). Default: nil.
    public var rack: String?

    /// The maximum time for a broker to answer a request. Default: 30 s.
    public var requestTimeout: Duration = .seconds(30)
    /// The maximum time for a call, including retries (`default.api.timeout.ms`). Default: 60 s.
    public var apiTimeout: Duration = .seconds(60)
    /// The maximum time to set up a connection: name resolution, TCP, TLS and authentication (KIP-601). Default: 10 s.
    public var connectionSetupTimeout: Duration = .seconds(10)
    /// How long an unused connection stays open. Default: 9 minutes, less than the brokers' 10.
    public var connectionMaxIdle: Duration = .seconds(540)
    /// The wait before reconnecting after a failure. It doubles with each failure, with ±20 % of jitter. Default: 50
    /// ms.
    public var reconnectBackoff: Duration = .milliseconds(50)
    /// The maximum wait between two attempts to connect. Default: 1 s.
    public var reconnectBackoffMax: Duration = .seconds(1)
    /// The wait before a failed request is retried. It doubles with each failure, with ±20 % of jitter. Default: 100
    /// ms.
    public var retryBackoff: Duration = .milliseconds(100)
    /// The maximum wait between two attempts at a request. Default: 1 s.
    public var retryBackoffMax: Duration = .seconds(1)
    /// The age at which metadata is refreshed even without errors. Default: 5 minutes.
    public var metadataMaxAge: Duration = .seconds(300)
    /// How long metadata requests may fail before the client starts again from the bootstrap servers (KIP-899).
    /// Default: 5 minutes.
    public var rebootstrapTrigger: Duration = .seconds(300)
    /// Whether brokers may create a missing topic when it is requested, if `auto.create.topics.enable` is set on them. An
    /// admin client never does that. Default: true.
    public var allowAutoTopicCreation = true
    /// The maximum size of a response in bytes. Default: 128 MiB.
    public var maxResponseSize = 128 << 20

    /// The destination of log events. Default: warnings and errors go to standard error.
    public var log: any KafkaLog = StandardErrorLog()
    /// Receives the client's events, for metrics and traces. Default: nil, and no events are created.
    public var observer: (any KafkaObserver)?
    /// Begins a span for each record that a producer takes, and adds its context to the record's headers. A consumer has spans around
    /// what runs in `KafkaConsumer.withSpan(processing:_:)` and `KafkaTransactionalProducer.process`. The spans have the topics and
    /// short keys of records as attributes. Default: nil, which costs nothing.
    public var tracer: (any KafkaTracer)?
    /// Whether a producer or consumer pushes its metrics to a broker that wants them (`enable.metrics.push`, KIP-714). An administrator
    /// chooses the metrics and the interval; brokers without such a subscription get none. An admin client never pushes metrics.
    /// Default: true.
    public var enableMetricsPush = true
    /// The range of the session's lifetime in which it is renewed: late, and not at the same moment for all
    /// connections. Tests with short sessions renew earlier.
    package var sessionRenewal = 0.85..<0.95
    /// The interval at which brokers are asked again about a topic they refuse, and at which its reader is notified.
    package var refusalPause: Duration = .seconds(10)
    /// The resolver of the brokers' host names. Tests assign addresses of their own.
    package var nameResolver = NameResolver.shared
    /// The client's clock. Tests replace it.
    package var clock = LoopClock.system

    /// Creates a configuration for the cluster that these brokers (`host:port`) belong to.
    public init(bootstrapServers: [String]) {
        self.bootstrapServers = bootstrapServers
    }
}
