// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

/// What producers, consumers and admin clients have in common: where the cluster is, and how patient to be.
public struct KafkaClientConfiguration: Sendable {
    /// Brokers to ask first, as `host:port`; one that answers is enough, several survive the loss of some.
    public var bootstrapServers: [String]
    /// How connections are secured, and how this client says who it is. Not at all by default.
    public var security = KafkaSecurity.plaintext
    /// A name for this client in the brokers' logs and quotas.
    public var clientID = "async-kafka"
    /// The rack or availability zone that this client runs in (`client.rack`): read from the nearest replica (KIP-392).
    public var rack: String?

    /// How long a broker may take to answer a request. 30 s by default.
    public var requestTimeout: Duration = .seconds(30)
    /// How long a call may take in all, retries included. 60 s by default (`default.api.timeout.ms`).
    public var apiTimeout: Duration = .seconds(60)
    /// How long setting up a connection may take: name look-up, TCP, security handshakes. 10 s by default (KIP-601).
    public var connectionSetupTimeout: Duration = .seconds(10)
    /// How long an unused connection stays open. 9 minutes by default, less than the brokers' 10.
    public var connectionMaxIdle: Duration = .seconds(540)
    /// The wait before a failed connection is tried again; doubles with each failure, ±20 %. 50 ms by default.
    public var reconnectBackoff: Duration = .milliseconds(50)
    /// The longest wait between two attempts to connect. 1 s by default.
    public var reconnectBackoffMax: Duration = .seconds(1)
    /// The wait before a failed request is sent again; doubles with each failure, ±20 %. 100 ms by default.
    public var retryBackoff: Duration = .milliseconds(100)
    /// The longest wait between two attempts at a request. 1 s by default.
    public var retryBackoffMax: Duration = .seconds(1)
    /// The age at which what is known of topics and leaders is refreshed even if nothing failed. 5 minutes by default.
    public var metadataMaxAge: Duration = .seconds(300)
    /// How long no metadata may come before the bootstrap servers are asked again (KIP-899). 5 minutes by default.
    public var rebootstrapTrigger: Duration = .seconds(300)
    /// Whether brokers may create a topic that is asked for and doesn't exist, if they are set to. True by default.
    public var allowAutoTopicCreation = true
    /// The largest response that is accepted, in bytes. 128 MiB by default.
    public var maxResponseSize = 128 << 20

    /// Where log events go. By default warnings and errors go to standard error.
    public var log: any KafkaLog = StandardErrorLog()
    /// What takes the client's events, for metrics and traces. None by default, and then none is made.
    public var observer: (any KafkaObserver)?
    /// When sessions are renewed, as a part of their length: late, and not all at once. Tests with short ones leave more.
    package var sessionRenewal = 0.85..<0.95
    /// How often the brokers are asked about a topic that they refuse to this client, and its reader is told.
    package var refusalPause: Duration = .seconds(10)
    /// Who looks up the brokers' names. Tests give names addresses of their own.
    package var nameResolver = NameResolver.shared
    /// Where the client gets its time from. Tests drive one of their own.
    package var clock = LoopClock.system

    /// A configuration for the cluster that these brokers (`host:port`) belong to.
    public init(bootstrapServers: [String]) {
        self.bootstrapServers = bootstrapServers
    }
}
