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
}

/// What can be done with a socket now. An error shows as both.
struct SocketEvent: Hashable, Sendable {
    var readable: Bool
    var writable: Bool
}

/// What the loop calls when a socket is ready; on the loop's thread only.
protocol SocketEventHandler: AnyObject, Sendable {
    func socketReady(_ event: SocketEvent)
}
