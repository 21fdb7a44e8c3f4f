// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The receiver of a channel's frames.
///
/// Its methods are called on the loop's thread, one at a time and never reentrantly. `channelClosed` is called once and
/// last.
package protocol FrameHandler: AnyObject, Sendable {
    /// Called with each frame, without its length.
    func frameReceived(_ frame: Bytes)
    /// Called when bytes that had to wait for the socket have been written.
    func channelFlushed()
    /// Called when the channel is closed, with the reason.
    func channelClosed(_ error: TransportError)
}

extension FrameHandler {
    package func channelFlushed() {}
}
