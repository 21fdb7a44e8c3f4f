// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin

/// The C structure `kevent`, which shares its name with a function.
private typealias KernelEvent = kevent

/// Waits for sockets to become readable or writable, using kqueue.
///
/// `update` and `wake` can be called from any thread.
final class Poller: Sendable {
    private let queue: Int32
    private static let wakeIdentifier: UInt = 0

    init() throws(TransportError) {
        self.queue = kqueue()
        guard self.queue >= 0 else { throw .system(call: "kqueue", errno: errno) }
        _ = fcntl(self.queue, F_SETFD, FD_CLOEXEC)
        try self.change(identifier: Self.wakeIdentifier, filter: EVFILT_USER, flags: EV_ADD | EV_CLEAR)
    }

    deinit {
        if self.queue >= 0 { close(self.queue) }
    }

    /// Changes the events that a descriptor is watched for.
    func update(_ descriptor: Int32, token: UInt64, from old: Interest, to new: Interest) throws(TransportError) {
        if old.read != new.read {
            try self.change(
                identifier: UInt(descriptor), filter: EVFILT_READ, flags: new.read ? EV_ADD : EV_DELETE, token: token)
        }
        if old.write != new.write {
            try self.change(
                identifier: UInt(descriptor), filter: EVFILT_WRITE, flags: new.write ? EV_ADD : EV_DELETE,
                token: token)
        }
    }

    /// Ends the current wait, or the next one.
    func wake() {
        try? self.change(identifier: Self.wakeIdentifier, filter: EVFILT_USER, flags: 0, notes: UInt32(NOTE_TRIGGER))
    }

    private func change(
        identifier: UInt, filter: Int32, flags: Int32, token: UInt64 = 0, notes: UInt32 = 0
    ) throws(TransportError) {
        var event = KernelEvent(
            ident: identifier, filter: Int16(filter), flags: UInt16(flags), fflags: notes, data: 0,
            udata: UnsafeMutableRawPointer(bitPattern: UInt(token)))
        guard kevent(self.queue, &event, 1, nil, 0, nil) == 0 else { throw .system(call: "kevent", errno: errno) }
    }

    /// Whether there are events that the next wait will report.
    var hasEvents: Bool {
        var entry = pollfd(fd: self.queue, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Waits for events for up to `timeout` milliseconds (-1: indefinitely), and calls `body` for each.
    func wait(timeout: Int32, _ body: (_ token: UInt64, _ event: SocketEvent) -> Void) {
        var limit = timespec(tv_sec: Int(timeout / 1000), tv_nsec: Int(timeout % 1000) * 1_000_000)
        withUnsafeTemporaryAllocation(of: KernelEvent.self, capacity: 64) { events in
            let count: Int32
            if timeout < 0 {
                count = kevent(self.queue, nil, 0, events.baseAddress, 64, nil)
            } else {
                count = kevent(self.queue, nil, 0, events.baseAddress, 64, &limit)
            }
            guard count > 0 else { return }
            for event in events[0..<Int(count)] where event.filter != Int16(EVFILT_USER) {
                body(
                    UInt64(UInt(bitPattern: event.udata)),
                    SocketEvent(
                        readable: event.filter == Int16(EVFILT_READ), writable: event.filter == Int16(EVFILT_WRITE)))
            }
        }
    }
}
#endif
