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
protocol ByteTransform: Sendable {
    /// Reads what is there and fits. 0 bytes are the end. On the loop's thread.
    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> ByteTransformOutcome
    /// Takes as much as the socket does, from the front. Under the channel's write lock, as the following.
    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> ByteTransformOutcome
    /// Sends what was taken and is still here.
    func flush(to socket: Socket) -> ByteTransformOutcome
    /// Prepares the end: says farewell, if there is a way to. What that takes may be left to be flushed.
    func endSending(to socket: Socket)
    /// Whether bytes were taken that the socket has not.
    var hasUnsentBytes: Bool { get }
    /// Whether bytes came that `receive` has not handed out, and which the socket will not tell of again.
    var hasBufferedInput: Bool { get }
    /// Whether `receive` has the end or a failure to tell, behind what it has handed out, that the socket does not know of.
    var hasEnded: Bool { get }
}

/// What became of a call that does not wait.
enum ByteTransformOutcome {
    case done(Int)
    case wouldBlock
    case failed(TransportError)

    init(_ outcome: Socket.Outcome) {
        switch outcome {
        case .done(let count): self = .done(count)
        case .wouldBlock: self = .wouldBlock
        case .failed(let code): self = .failed(.reset(errno: code))
        }
    }
}

/// Bytes as they are.
struct PlainBytes: ByteTransform {
    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> ByteTransformOutcome {
        ByteTransformOutcome(socket.receive(into: target))
    }

    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> ByteTransformOutcome {
        ByteTransformOutcome(socket.send(pieces))
    }

    func flush(to socket: Socket) -> ByteTransformOutcome { .done(0) }
    func endSending(to socket: Socket) {}
    var hasUnsentBytes: Bool { false }
    var hasBufferedInput: Bool { false }
    var hasEnded: Bool { false }
}
