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

/// The layer between a channel and its socket: none, or TLS.
protocol ByteTransform: Sendable {
    /// Reads available bytes into `target`; 0 bytes mean the end of the stream. Called on the loop's thread.
    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> ByteTransformOutcome
    /// Takes bytes from the front, as many as possible. Called under the channel's write lock, like the methods below.
    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> ByteTransformOutcome
    /// Sends bytes that `send` took and the socket has not.
    func flush(to socket: Socket) -> ByteTransformOutcome
    /// Prepares the end of sending, for TLS with a close_notify alert. Bytes may be left to flush.
    func endSending(to socket: Socket)
    /// Whether `send` took bytes that the socket has not.
    var hasUnsentBytes: Bool { get }
    /// Whether input is buffered that `receive` has not returned. The socket doesn't signal it.
    var hasBufferedInput: Bool { get }
    /// Whether `receive` has an end or failure left to return after its last bytes. The socket doesn't signal it.
    var hasEnded: Bool { get }
}

/// The outcome of a non-blocking call.
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

/// The transform of a plaintext connection, which passes bytes through.
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
