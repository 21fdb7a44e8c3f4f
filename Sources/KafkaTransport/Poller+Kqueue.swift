// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin

/// Waits for sockets that can be read or written, by kqueue.
///
/// `update` and `wake` may be called from any thread.
final class Poller: Sendable {
    private let queue: Int32
    private static let wakeIdentifier: UInt = 0

    init() throws(TransportError) {
        self.queue = kqueue()
        guard self.queue >= 0 else { throw .system(call: "kqueue", errno: errno) }
        self.change(identifier: Self.wakeIdentifier, filter: EVFILT_USER, flags: EV_ADD | EV_CLEAR)
    }

    deinit {
        close(self.queue)
    }

    func add(_ descriptor: Int32, token: UInt64, interest: Interest) throws(TransportError) {
        self.update(descriptor, token: token, interest: interest)
    }

    func update(_ descriptor: Int32, token: UInt64, interest: Interest) {
        self.change(
            identifier: UInt(descriptor), filter: EVFILT_READ, flags: EV_ADD | (interest.read ? EV_ENABLE : EV_DISABLE),
            token: token)
        self.change(
            identifier: UInt(descriptor), filter: EVFILT_WRITE,
            flags: EV_ADD | (interest.write ? EV_ENABLE : EV_DISABLE), token: token)
    }

    func remove(_ descriptor: Int32) {
        self.change(identifier: UInt(descriptor), filter: EVFILT_READ, flags: EV_DELETE)
        self.change(identifier: UInt(descriptor), filter: EVFILT_WRITE, flags: EV_DELETE)
    }

    /// Ends a wait that is under way, or the next one.
    func wake() {
        self.change(identifier: Self.wakeIdentifier, filter: EVFILT_USER, flags: 0, notes: NOTE_TRIGGER)
    }

    private func change(
        identifier: UInt, filter: Int32, flags: Int32, token: UInt64 = 0, notes: UInt32 = 0
    ) {
        var event = kevent(
            ident: identifier, filter: Int16(filter), flags: UInt16(flags), fflags: notes, data: 0,
            udata: UnsafeMutableRawPointer(bitPattern: UInt(token)))
        kevent(self.queue, &event, 1, nil, 0, nil)
    }

    /// Waits for events, at most `timeout` milliseconds (-1: without end), and calls `body` for each.
    func wait(timeout: Int32, _ body: (_ token: UInt64, _ event: SocketEvent) -> Void) {
        var limit = timespec(tv_sec: Int(timeout / 1000), tv_nsec: Int(timeout % 1000) * 1_000_000)
        withUnsafeTemporaryAllocation(of: kevent.self, capacity: 64) { events in
            let count = kevent(self.queue, nil, 0, events.baseAddress, 64, timeout < 0 ? nil : &limit)
            guard count > 0 else { return }
            for event in events[0..<Int(count)] where event.filter != Int16(EVFILT_USER) {
                let failed = event.flags & UInt16(EV_ERROR | EV_EOF) != 0
                body(
                    UInt64(UInt(bitPattern: event.udata)),
                    SocketEvent(
                        readable: event.filter == Int16(EVFILT_READ) || failed,
                        writable: event.filter == Int16(EVFILT_WRITE)))
            }
        }
    }
}
#endif
