// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What happens to bytes between a channel and its socket: nothing, or TLS.
///
/// TLS has its seat here. An OpenSSL session with a BIO over the socket reads (`SSL_read`) in `receive` and writes
/// (`SSL_write`) in `send`, and does its handshake and its own records on the way; it takes a lock of its own in both, since
/// a session can't be used by two threads at once. Where it wants to write in order to read, or the reverse, it says
/// `wouldBlock`, and the channel will need to be told which of the two to wait for.
protocol ByteTransform: Sendable {
    /// Reads what is there and fits. 0 bytes are the end. On the loop's thread.
    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> Socket.Outcome
    /// Writes as much as fits, from the front. Under the channel's write lock.
    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> Socket.Outcome
}

/// Bytes as they are.
struct PlainBytes: ByteTransform {
    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> Socket.Outcome {
        socket.receive(into: target)
    }

    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> Socket.Outcome {
        socket.send(pieces)
    }
}
