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

/// How sockets are set up.
package struct SocketOptions: Hashable, Sendable {
    /// The system's send buffer, in bytes; nil leaves it to the system, which makes it grow as needed.
    package var sendBufferSize: Int?
    /// The system's receive buffer, in bytes; nil leaves it to the system.
    package var receiveBufferSize: Int?

    package init(sendBufferSize: Int? = nil, receiveBufferSize: Int? = nil) {
        self.sendBufferSize = sendBufferSize
        self.receiveBufferSize = receiveBufferSize
    }
}

/// A non-blocking TCP socket's descriptor, and the system's calls on it. Whoever owns it closes it, once.
///
/// What differs between the systems is in `Socket+Linux.swift` and `Socket+Darwin.swift`.
struct Socket: Sendable {
    let descriptor: Int32

    /// What became of a call that does not wait.
    enum Outcome: Equatable {
        case done(Int)
        case wouldBlock
        case failed(Int32)
    }

    /// A new socket.
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

    /// Begins to connect. `wouldBlock`: it will show as writable when it is connected or has failed.
    func connect(to address: SocketAddress) -> Outcome {
        if address.withSockaddr({ Self.connectDescriptor(self.descriptor, $0, $1) }) == 0 { return .done(0) }
        return errno == EINPROGRESS || errno == EINTR ? .wouldBlock : .failed(errno)
    }

    /// The error that the last connection attempt ended with; 0 if it succeeded.
    var pendingError: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// Begins to listen.
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

    /// The address of the other side.
    var remoteAddress: SocketAddress? {
        SocketAddress { getpeername(self.descriptor, $0, &$1) }
    }

    enum Accepted {
        case socket(Socket)
        case wouldBlock
        case failed(Int32)
    }

    /// Takes a connection that has come in.
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

    /// Reads what is there and fits. 0 bytes are the end.
    func receive(into target: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let received = recv(self.descriptor, target.baseAddress, target.count, 0)
            if received >= 0 { return .done(received) }
            if errno == EINTR { continue }
            return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
        }
    }

    /// Writes as much of several pieces as fits.
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

    /// Tells the other side that nothing more will come.
    func endSending() {
        Self.shutdownSending(self.descriptor)
    }

    func close() {
        Self.closeDescriptor(self.descriptor)
    }
}
