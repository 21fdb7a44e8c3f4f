// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The events that a socket is watched for.
struct Interest: Hashable, Sendable {
    var read: Bool
    var write: Bool

    static let nothing = Interest(read: false, write: false)
    static let reading = Interest(read: true, write: false)
    static let writing = Interest(read: false, write: true)
}

/// The state of a socket. An error is reported as whatever the socket is watched for.
struct SocketEvent: Hashable, Sendable {
    var readable: Bool
    var writable: Bool
}

/// The handler of a watched socket's events, called only on the loop's thread.
///
/// It may still be called after another thread has stopped watching.
protocol SocketEventHandler: AnyObject, Sendable {
    func socketReady(_ event: SocketEvent)
    /// Called when the loop ends and no longer watches the socket.
    func loopEnds()
}
