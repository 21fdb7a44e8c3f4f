// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if os(Linux) || os(Android)
#if canImport(Musl)
import Musl
#else
import Glibc
#endif

extension Socket {
    #if canImport(Musl)
    private static let stream = SOCK_STREAM
    private static let flags = SOCK_NONBLOCK | SOCK_CLOEXEC
    #else
    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #endif

    /// The socket type for `getaddrinfo`.
    static var streamType: Int32 { self.stream }

    /// Prevents the signal for writing to a connection that has ended, which would end the process.
    static let sendFlags = Int32(MSG_NOSIGNAL)

    static func openDescriptor(family: Int32) -> Int32 {
        socket(family, self.stream | self.flags, 0)
    }

    static func acceptDescriptor(_ listener: Int32) -> Int32 {
        // Swift's Glibc module doesn't have accept4, which takes the flags.
        #if canImport(Musl)
        let descriptor = Musl.accept(listener, nil, nil)
        #else
        let descriptor = Glibc.accept(listener, nil, nil)
        #endif
        guard descriptor >= 0 else { return descriptor }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_RDWR | O_NONBLOCK)
        return descriptor
    }

    static func connectDescriptor(
        _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> Int32 {
        #if canImport(Musl)
        Musl.connect(descriptor, address, length)
        #else
        Glibc.connect(descriptor, address, length)
        #endif
    }

    static func listenDescriptor(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        #if canImport(Musl)
        Musl.listen(descriptor, backlog)
        #else
        Glibc.listen(descriptor, backlog)
        #endif
    }

    static func shutdownSending(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    static func closeDescriptor(_ descriptor: Int32) {
        #if canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Glibc.close(descriptor)
        #endif
    }
}
#endif
