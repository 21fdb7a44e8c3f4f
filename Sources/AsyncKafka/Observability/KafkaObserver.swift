// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
/// Takes what a client tells of its work: the source of metrics, traces and statistics.
///
/// Set `KafkaClientConfiguration.observer`. Without one nothing is computed for events.
public protocol KafkaObserver: Sendable {
    /// Takes an event. It is called where the event happens, on the client's threads and on those that call the client, by several
    /// of them at once: it must be quick, and must neither block nor wait.
    func observe(_ event: KafkaEvent)
}

/// Something that has happened inside of a client.
///
/// Each is raised in one place, as soon as it has happened. More are added: a `switch` needs `@unknown default`.
@nonexhaustive
public enum KafkaEvent: Sendable {
    /// A connection is open: encrypted and authenticated, as far as the client's security wants.
    case connected(Connected)
    /// An open connection has ended.
    case disconnected(Disconnected)
    /// A connection could not be opened.
    case connectionFailed(ConnectionFailed)
    /// A session was renewed before its end (KIP-368).
    case reauthenticated(Reauthenticated)

    /// A request was written.
    case requestSent(RequestSent)
    /// A broker has answered a request.
    case requestAnswered(RequestAnswered)
    /// A request that was sent, or waited to be sent, has ended without an answer.
    case requestFailed(RequestFailed)
    /// A broker has asked for a pause because of a quota (KIP-219).
    case throttled(Throttled)

    /// A producer has written a batch of records, for the first time or again.
    case batchSent(BatchSent)
    /// A producer's batch is stored. With `acks` 0, it has left this machine.
    case batchAcknowledged(BatchAcknowledged)
    /// A producer's batch was given up.
    case batchFailed(BatchFailed)
    /// A producer's memory has no room for a record.
    case bufferFull(BufferFull)
    /// A producer's memory has room again for the records that come.
    case bufferFree(BufferFree)
}

/// The events of one client, for those that raise them. An event is made only if somebody listens.
struct Events: Sendable {
    let observer: (any KafkaObserver)?

    @inline(__always)
    func callAsFunction(_ event: @autoclosure () -> KafkaEvent) {
        if let observer = self.observer { observer.observe(event()) }
    }
}
