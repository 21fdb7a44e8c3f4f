// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport

/// The other end of a connection, byte by byte: a blocking socket under the test's control.
final class RawPeer {
    private let descriptor: Int32
    private var isOpen = true

    /// Connects to a port of this machine.
    init(port: Int, receiveBufferSize: Int32? = nil) throws {
        self.descriptor = LoopbackSocket.make()
        if let receiveBufferSize { self.set(SOL_SOCKET, SO_RCVBUF, receiveBufferSize) }
        self.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // A test that waits for bytes which never arrive should fail, not hang.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try self.call("connect", LoopbackSocket.withAddress(port: port) { connect(self.descriptor, $0, $1) })
    }

    /// Takes over an accepted connection.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        self.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        self.close()
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(self.descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func call(_ name: String, _ status: Int32) throws(TransportError) {
        if status < 0 { throw TransportError.system(call: name, errno: errno) }
    }

    func send(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            #if canImport(Darwin)
            let flags: Int32 = 0
            #else
            let flags = Int32(MSG_NOSIGNAL)
            #endif
            let count = rest.withUnsafeBytes { Foundation.send(self.descriptor, $0.baseAddress, $0.count, flags) }
            try self.call("send", Int32(truncatingIfNeeded: count))
            rest = rest.dropFirst(count)
        }
    }

    /// Receives `count` bytes, or fewer if the connection ends.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let received = bytes.withUnsafeMutableBytes { self.receive($0[filled...]) }
            try self.call("recv", Int32(truncatingIfNeeded: received))
            if received == 0 { break }
            filled += received
        }
        return Array(bytes[..<filled])
    }

    /// Waits for bytes and receives those available. Returns no bytes at the end of the connection.
    func receiveSome() throws(TransportError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let received = bytes.withUnsafeMutableBytes { self.receive($0[...]) }
        try self.call("recv", Int32(truncatingIfNeeded: received))
        return Array(bytes[..<received])
    }

    /// Retries interrupted calls: with a time limit, a call is interrupted when the process is stopped and continued.
    private func receive(_ room: Slice<UnsafeMutableRawBufferPointer>) -> Int {
        let room = UnsafeMutableRawBufferPointer(rebasing: room)
        while true {
            let received = recv(self.descriptor, room.baseAddress, room.count, 0)
            if received >= 0 || errno != EINTR { return received }
        }
    }

    /// Ends sending, and keeps reading.
    func endSending() {
        #if canImport(Glibc)
        _ = shutdown(self.descriptor, Int32(SHUT_WR))
        #else
        _ = shutdown(self.descriptor, SHUT_WR)
        #endif
    }

    /// Resets the connection.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        self.close()
    }

    func close() {
        if self.isOpen { _ = Foundation.close(self.descriptor) }
        self.isOpen = false
    }
}

/// A port whose connections are served one after the other, byte by byte, on a dedicated thread.
final class RawServer: Sendable {
    private let listener: Int32
    private let isClosed = Lock(false)
    private let ended = FirstResult<Void>()
    let port: Int

    /// Starts the server. Each connection ends when `serve` returns or throws. Without explicit sizes, the system may
    /// grow the buffers to megabytes.
    init(
        receiveBufferSize: Int32? = nil, sendBufferSize: Int32? = nil,
        _ serve: @escaping @Sendable (RawPeer) throws -> Void
    ) throws {
        let (listener, port) = try LoopbackSocket.listening(backlog: 128)
        for (option, size) in [(SO_RCVBUF, receiveBufferSize), (SO_SNDBUF, sendBufferSize)] {
            guard var size else { continue }
            setsockopt(listener, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        self.listener = listener
        self.port = port
        let (isClosed, ended) = (self.isClosed, self.ended)
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                if isClosed.withLock({ $0 }) || descriptor < 0 {
                    if descriptor >= 0 { _ = Foundation.close(descriptor) }
                    break
                }
                let peer = RawPeer(accepted: descriptor)
                try? serve(peer)
                peer.close()
            }
            _ = Foundation.close(listener)
            ended.give(())
        }
    }

    func end() async {
        self.isClosed.withLock { $0 = true }
        // Wakes the thread.
        _ = try? RawPeer(port: self.port)
        await self.ended.value(whenCancelled: ())
    }
}

/// A frame's bytes on the wire.
func framed(_ body: some Collection<UInt8>) -> [UInt8] {
    withUnsafeBytes(of: Int32(body.count).bigEndian) { Array($0) } + body
}
