// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// What takes a channel's frames. Its methods are called on the loop's thread, one at a time and never from inside one
/// another; `channelClosed` once, and last.
package protocol FrameHandler: AnyObject, Sendable {
    /// A frame has come, without its length.
    func frameReceived(_ frame: Bytes)
    /// What had to wait for the socket has been written.
    func channelFlushed()
    /// The channel is closed, for this reason.
    func channelClosed(_ error: TransportError)
}

extension FrameHandler {
    package func channelFlushed() {}
}
