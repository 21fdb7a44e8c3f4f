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

/// The options of sockets.
package struct SocketOptions: Hashable, Sendable {
    /// The size of the system's send buffer in bytes, or nil for the system's default, which grows as needed.
    package var sendBufferSize: Int?
    /// The size of the system's receive buffer in bytes, or nil for the system's default.
    package var receiveBufferSize: Int?

    package init(sendBufferSize: Int? = nil, receiveBufferSize: Int? = nil) {
        self.sendBufferSize = sendBufferSize
        self.receiveBufferSize = receiveBufferSize
    }
}

/// The descriptor of a non-blocking TCP socket, with the system calls on it. Its owner closes it exactly once.
///
/// The differences between systems are in `Socket+Linux.swift` and `Socket+Darwin.swift`.
struct Socket: Sendable {
    let descriptor: Int32

    /// The outcome of a non-blocking call.
    enum Outcome: Equatable {
        case done(Int)
        case wouldBlock
        case failed(Int32)
    }

    /// Creates a socket.
    static func make(family: Int32, options: SocketOptions) throws(TransportError) -> Socket {
        let socket = Socket(descriptor: Self.openDescriptor(family: family))
        guard socket.descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
        socket.configure(options)
        return socket
    }

    private func configure(_ options: SocketOptions) {
        self.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        self.set(SOL_SOCKET, SO_KEEPALIVE, 1)
        if let size = options.sendBufferSize { self.set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: size)) }
        if let size = options.receiveBufferSize { self.set(SOL_SOCKET, SO_RCVBUF, Int32(clamping: size)) }
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(self.descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Starts to connect. After `wouldBlock`, the socket becomes writable when it is connected or has failed.
    func connect(to address: SocketAddress) -> Outcome {
        if address.withSockaddr({ Self.connectDescriptor(self.descriptor, $0, $1) }) == 0 { return .done(0) }
        return errno == EINPROGRESS || errno == EINTR ? .wouldBlock : .failed(errno)
    }

    /// The error of the last connection attempt, or 0 if it succeeded.
    var pendingError: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// Starts to listen.
    func listen(on address: SocketAddress, backlog: Int32) throws(TransportError) {
        self.set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard address.withSockaddr({ bind(self.descriptor, $0, $1) }) == 0 else {
            throw .system(call: "bind to \(address)", errno: errno)
        }
        guard Self.listenDescriptor(self.descriptor, backlog) == 0 else {
            throw .system(call: "listen on \(address)", errno: errno)
        }
    }

    /// The address that the socket is bound to.
    var localAddress: SocketAddress? {
        SocketAddress { getsockname(self.descriptor, $0, &$1) }
    }

    /// The peer's address.
    var remoteAddress: SocketAddress? {
        SocketAddress { getpeername(self.descriptor, $0, &$1) }
    }

    enum Accepted {
        case socket(Socket)
        case wouldBlock
        case failed(Int32)
    }

    /// Accepts a pending connection.
    func accept(_ options: SocketOptions) -> Accepted {
        let socket = Socket(descriptor: Self.acceptDescriptor(self.descriptor))
        guard socket.descriptor >= 0 else {
            switch errno {
            case EAGAIN, EWOULDBLOCK, EINTR, ECONNABORTED: return .wouldBlock
            default: return .failed(errno)
            }
        }
        socket.configure(options)
        return .socket(socket)
    }

    /// Reads available bytes into `target`; 0 bytes mean the end of the stream.
    func receive(into target: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let received = recv(self.descriptor, target.baseAddress, target.count, 0)
            if received >= 0 { return .done(received) }
            if errno == EINTR { continue }
            return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
        }
    }

    /// Writes as many bytes of the pieces as the socket takes.
    func send(_ pieces: UnsafeMutableBufferPointer<iovec>) -> Outcome {
        var message = msghdr()
        message.msg_iov = pieces.baseAddress
        message.msg_iovlen = .init(pieces.count)
        while true {
            let sent = sendmsg(self.descriptor, &message, Self.sendFlags)
            if sent >= 0 { return .done(sent) }
            if errno == EINTR { continue }
            return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
        }
    }

    /// Shuts down the sending side, which the peer sees as the end of the stream.
    func endSending() {
        Self.shutdownSending(self.descriptor)
    }

    func close() {
        Self.closeDescriptor(self.descriptor)
    }
}
