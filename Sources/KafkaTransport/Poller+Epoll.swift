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
internal import CEpoll

/// Waits for sockets to become readable or writable, using Linux's epoll in level-triggered mode.
///
/// `update` and `wake` can be called from any thread.
final class Poller: Sendable {
    private let epoll: Int32
    private let wakeup: Int32
    /// The token of the wake-up descriptor.
    private static let wakeToken: UInt64 = 0

    init() throws(TransportError) {
        self.epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard self.epoll >= 0 else { throw .system(call: "epoll_create1", errno: errno) }
        self.wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard self.wakeup >= 0 else { throw .system(call: "eventfd", errno: errno) }
        try self.update(self.wakeup, token: Self.wakeToken, from: .nothing, to: .reading)
    }

    deinit {
        if self.wakeup >= 0 { close(self.wakeup) }
        if self.epoll >= 0 { close(self.epoll) }
    }

    /// Changes the events that a descriptor is watched for.
    ///
    /// A descriptor without events is removed, because epoll reports errors and hang-ups even if no events are
    /// requested, and would do so repeatedly.
    func update(_ descriptor: Int32, token: UInt64, from old: Interest, to new: Interest) throws(TransportError) {
        guard old != new else { return }
        let operation = new == .nothing ? EPOLL_CTL_DEL : old == .nothing ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        var event = epoll_event(events: new.epollEvents, data: epoll_data_t(u64: token))
        guard epoll_ctl(self.epoll, operation, descriptor, &event) == 0 else {
            throw .system(call: "epoll_ctl", errno: errno)
        }
    }

    /// Ends the current wait, or the next one.
    func wake() {
        var one: UInt64 = 1
        _ = write(self.wakeup, &one, 8)
    }

    /// Whether there are events that the next wait will report.
    var hasEvents: Bool {
        var entry = pollfd(fd: self.epoll, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Waits for events for up to `timeout` milliseconds (-1: indefinitely), and calls `body` for each.
    func wait(timeout: Int32, _ body: (_ token: UInt64, _ event: SocketEvent) -> Void) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
            let count = epoll_wait(self.epoll, events.baseAddress, 64, timeout)
            guard count > 0 else { return }
            for event in events[0..<Int(count)] {
                if event.data.u64 == Self.wakeToken {
                    var value: UInt64 = 0
                    _ = read(self.wakeup, &value, 8)
                    continue
                }
                let failed = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
                body(
                    event.data.u64,
                    SocketEvent(
                        readable: failed || event.events & EPOLLIN.rawValue != 0,
                        writable: failed || event.events & EPOLLOUT.rawValue != 0))
            }
        }
    }
}

extension Interest {
    fileprivate var epollEvents: UInt32 {
        (self.read ? EPOLLIN.rawValue : 0) | (self.write ? EPOLLOUT.rawValue : 0)
    }
}
#endif
