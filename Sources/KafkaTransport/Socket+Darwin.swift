// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin

extension Socket {
    /// The socket type for `getaddrinfo`.
    static var streamType: Int32 { SOCK_STREAM }

    /// No flags: `SO_NOSIGPIPE` prevents the signal for writing to a connection that has ended.
    static let sendFlags: Int32 = 0

    static func openDescriptor(family: Int32) -> Int32 {
        self.prepare(socket(family, SOCK_STREAM, 0))
    }

    static func acceptDescriptor(_ listener: Int32) -> Int32 {
        self.prepare(Darwin.accept(listener, nil, nil))
    }

    /// Sets the flags that Darwin's calls for creating sockets don't take.
    private static func prepare(_ descriptor: Int32) -> Int32 {
        guard descriptor >= 0 else { return descriptor }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var isOn: Int32 = 1
        // This fails if the peer has already closed, and writing to such a socket would then end the process.
        guard setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            self.closeDescriptor(descriptor)
            errno = ECONNABORTED
            return -1
        }
        return descriptor
    }

    static func connectDescriptor(
        _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> Int32 {
        Darwin.connect(descriptor, address, length)
    }

    static func listenDescriptor(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        Darwin.listen(descriptor, backlog)
    }

    static func shutdownSending(_ descriptor: Int32) {
        _ = Darwin.shutdown(descriptor, SHUT_WR)
    }

    static func closeDescriptor(_ descriptor: Int32) {
        _ = Darwin.close(descriptor)
    }
}
#endif
