// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A non-blocking TCP socket's descriptor, and the system's calls on it. Whoever owns it closes it, once.
struct Socket: Sendable {
    let descriptor: Int32

    enum Outcome {
        case done(Int)
        case wouldBlock
        case failed(Int32)
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// A new socket.
    static func make(family: Int32) throws(TransportError) -> Socket {
        #if canImport(Glibc)
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
        let descriptor = socket(family, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
        let made = Socket(descriptor: descriptor)
        made.configure()
        return made
    }

    private func configure() {
        _ = fcntl(self.descriptor, F_SETFL, fcntl(self.descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(self.descriptor, F_SETFD, FD_CLOEXEC)
        self.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        self.set(SOL_SOCKET, SO_KEEPALIVE, 1)
        #if canImport(Darwin)
        self.set(SOL_SOCKET, SO_NOSIGPIPE, 1)
        #endif
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(self.descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Begins to connect.
    func connect(to address: SocketAddress) -> Outcome {
        let status = address.withSockaddr { pointer, length in
            #if canImport(Darwin)
            Darwin.connect(self.descriptor, pointer, length)
            #elseif canImport(Musl)
            Musl.connect(self.descriptor, pointer, length)
            #else
            Glibc.connect(self.descriptor, pointer, length)
            #endif
        }
        if status == 0 { return .done(0) }
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
    func listen(on address: SocketAddress) throws(TransportError) {
        self.set(SOL_SOCKET, SO_REUSEADDR, 1)
        let bound = address.withSockaddr { bind(self.descriptor, $0, $1) }
        guard bound == 0 else { throw .system(call: "bind", errno: errno) }
        #if canImport(Darwin)
        let listening = Darwin.listen(self.descriptor, 1024)
        #elseif canImport(Musl)
        let listening = Musl.listen(self.descriptor, 1024)
        #else
        let listening = Glibc.listen(self.descriptor, 1024)
        #endif
        guard listening == 0 else { throw .system(call: "listen", errno: errno) }
    }

    /// The address that the socket is bound to.
    var localAddress: SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(self.descriptor, address, &length) == 0 ? SocketAddress(address, length: length) : nil
            }
        }
    }

    enum Accepted {
        case socket(Socket)
        case wouldBlock
        case failed(Int32)
    }

    /// Takes a connection that has come in.
    func accept() -> Accepted {
        #if canImport(Darwin)
        let descriptor = Darwin.accept(self.descriptor, nil, nil)
        #elseif canImport(Musl)
        let descriptor = Musl.accept(self.descriptor, nil, nil)
        #else
        let descriptor = Glibc.accept(self.descriptor, nil, nil)
        #endif
        guard descriptor >= 0 else {
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED
                ? .wouldBlock : .failed(errno)
        }
        let socket = Socket(descriptor: descriptor)
        socket.configure()
        return .socket(socket)
    }

    /// Reads at most `count` bytes. 0 bytes are the end.
    func receive(into target: UnsafeMutableRawPointer, count: Int) -> Outcome {
        while true {
            let received = recv(self.descriptor, target, count, 0)
            if received >= 0 { return .done(received) }
            if errno == EINTR { continue }
            return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
        }
    }

    /// Writes what fits of several slices.
    func send(_ slices: Deque<Bytes>, skipping skipped: Int) -> Outcome {
        let count = min(slices.count, 64)
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { vectors in
            for index in 0..<count {
                let slice = slices[index]
                let skip = index == 0 ? skipped : 0
                vectors[index] = iovec(
                    iov_base: slice.storage.base + slice.offset + skip, iov_len: slice.count - skip)
            }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = .init(count)
            #if canImport(Darwin)
            let flags: Int32 = 0
            #else
            let flags = Int32(MSG_NOSIGNAL)
            #endif
            while true {
                let sent = sendmsg(self.descriptor, &message, flags)
                if sent >= 0 { return .done(sent) }
                if errno == EINTR { continue }
                return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
            }
        }
    }

    /// Ends both directions without giving the descriptor back.
    func shutdown() {
        #if canImport(Darwin)
        Darwin.shutdown(self.descriptor, SHUT_RDWR)
        #elseif canImport(Musl)
        Musl.shutdown(self.descriptor, SHUT_RDWR)
        #else
        Glibc.shutdown(self.descriptor, Int32(SHUT_RDWR))
        #endif
    }

    func close() {
        #if canImport(Darwin)
        Darwin.close(self.descriptor)
        #elseif canImport(Musl)
        Musl.close(self.descriptor)
        #else
        Glibc.close(self.descriptor)
        #endif
    }
}
