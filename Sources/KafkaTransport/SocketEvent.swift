// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a socket is watched for.
struct Interest: Hashable, Sendable {
    var read: Bool
    var write: Bool

    static let nothing = Interest(read: false, write: false)
    static let reading = Interest(read: true, write: false)
    static let writing = Interest(read: false, write: true)
}

/// What can be done with a socket now. An error shows as whatever the socket is watched for.
struct SocketEvent: Hashable, Sendable {
    var readable: Bool
    var writable: Bool
}

/// What the loop calls for a socket that it watches; on the loop's thread only. A call may come late: after the handler has
/// stopped the watching, if it did so from another thread.
protocol SocketEventHandler: AnyObject, Sendable {
    func socketReady(_ event: SocketEvent)
    /// The loop ends and watches no longer.
    func loopEnds()
}
