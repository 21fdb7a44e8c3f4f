// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// What takes a channel's frames. Both methods are called on the loop's thread; `channelClosed` once, and last.
package protocol FrameHandler: AnyObject, Sendable {
    func frameReceived(_ frame: Bytes)
    func channelClosed(_ error: TransportError)
}

/// A TCP connection that carries length-prefixed frames.
///
/// The loop's thread reads; whoever sends writes, at once and on the calling thread if nothing is queued, so that sending
/// wakes nobody. What doesn't fit waits in a queue that the loop writes when the socket takes more.
///
/// TLS will sit between the socket and these two sides: one transform of bytes in each direction, with one lock for both,
/// since an OpenSSL session can't be used by two threads at once.
package final class SocketChannel: Sendable {
    private let loop: EventLoop
    private let socket: Socket
    private let outbound: Lock<Outbound>
    private let inbound: Lock<Inbound>

    /// The write side. Its lock also guards the descriptor: it is closed only under it, and never used after.
    private struct Outbound {
        var queue = Deque<Bytes>()
        /// How much of the first slice is written.
        var skipped = 0
        var queuedBytes = 0
        var token: UInt64?
        var isReadingPaused = false
        var isDescriptorClosed = false
        var closesWhenFlushed = false
        /// Why the channel is closed, once it is.
        var closed: TransportError?

        var interest: Interest { Interest(read: !self.isReadingPaused, write: !self.queue.isEmpty) }
    }

    /// The read side: touched on the loop's thread only, except to set the handler.
    private struct Inbound {
        var frames: FrameAssembler
        var handler: (any FrameHandler)?
    }

    /// How often a socket is read before others have their turn.
    private static let readsInATurn = 16

    init(socket: Socket, loop: EventLoop, maximumFrameSize: Int) {
        self.socket = socket
        self.loop = loop
        self.outbound = Lock(Outbound())
        self.inbound = Lock(Inbound(frames: FrameAssembler(limit: maximumFrameSize)))
    }

    deinit {
        if !self.outbound.withLock({ $0.isDescriptorClosed }) { self.socket.close() }
    }

    /// Begins to read. Until then nothing is received.
    package func start(_ handler: any FrameHandler) {
        self.inbound.withLock { $0.handler = handler }
        do {
            let token = try self.loop.watch(
                self.socket.descriptor, interest: Interest(read: true, write: false), handler: self)
            let interest: Interest? = self.outbound.withLock { state in
                state.token = token
                return state.interest == Interest(read: true, write: false) ? nil : state.interest
            }
            if let interest { self.loop.poller.update(self.socket.descriptor, token: token, interest: interest) }
        } catch {
            self.close(error)
        }
    }

    /// Bytes that wait for the socket to take them.
    package var queuedBytes: Int { self.outbound.withLock { $0.queuedBytes } }

    // MARK: Sending

    /// Sends a frame: the slices that `frame` makes, with their length before them. `frame` runs under the write lock, so
    /// that what it notes down is in the order of the frames on the wire; if it returns nil, nothing is sent.
    ///
    /// Nothing is sent on a closed channel either, and `frame` is not called. The handler's `channelClosed` tells.
    package func send(_ frame: () -> [Bytes]?) {
        let failure: TransportError? = self.outbound.withLock { state in
            guard state.closed == nil, !state.closesWhenFlushed, let slices = frame() else { return nil }
            let length = slices.reduce(0) { $0 + $1.count }
            let prefix = ByteStorage(minimumCapacity: 4)
            prefix.base.storeBytes(of: Int32(truncatingIfNeeded: length).bigEndian, as: Int32.self)
            let wasEmpty = state.queue.isEmpty
            state.queue.append(Bytes(storage: prefix, offset: 0, count: 4))
            for slice in slices where !slice.isEmpty { state.queue.append(slice) }
            state.queuedBytes += 4 + length
            guard wasEmpty else { return nil }
            return self.flush(&state)
        }
        if let failure { self.close(failure) }
    }

    /// Writes what the socket takes; asks to be told when it takes more. Under the write lock.
    private func flush(_ state: inout Outbound) -> TransportError? {
        while !state.queue.isEmpty {
            switch self.socket.send(state.queue, skipping: state.skipped) {
            case .done(let count):
                state.queuedBytes -= count
                var rest = count
                while let first = state.queue.first, rest >= first.count - state.skipped {
                    rest -= first.count - state.skipped
                    state.skipped = 0
                    _ = state.queue.popFirst()
                }
                state.skipped += rest
            case .wouldBlock:
                self.updateInterest(state)
                return nil
            case .failed(let code):
                return .reset(errno: code)
            }
        }
        self.updateInterest(state)
        return state.closesWhenFlushed ? .closedLocally : nil
    }

    private func updateInterest(_ state: Outbound) {
        guard let token = state.token, !state.isDescriptorClosed else { return }
        self.loop.poller.update(self.socket.descriptor, token: token, interest: state.interest)
    }

    // MARK: Receiving

    /// Stops reading until `resumeReading`: the other side will have to wait.
    package func pauseReading() { self.setReadingPaused(true) }

    /// Reads again.
    package func resumeReading() { self.setReadingPaused(false) }

    private func setReadingPaused(_ paused: Bool) {
        self.outbound.withLock { state in
            guard state.isReadingPaused != paused else { return }
            state.isReadingPaused = paused
            self.updateInterest(state)
        }
    }

    private func read() {
        for _ in 0..<Self.readsInATurn {
            guard self.outbound.withLock({ $0.closed == nil && !$0.isReadingPaused }) else { return }
            let target = self.inbound.withLock { UncheckedPointer(buffer: $0.frames.receiveBuffer()) }.buffer
            guard let base = target.baseAddress else { return }
            switch self.socket.receive(into: base, count: target.count) {
            case .done(0):
                self.close(.closedByPeer)
                return
            case .done(let count):
                if let failure = self.deliver(count) {
                    self.close(failure)
                    return
                }
                if count < target.count { return }
            case .wouldBlock:
                return
            case .failed(let code):
                self.close(.reset(errno: code))
                return
            }
        }
    }

    private func deliver(_ count: Int) -> TransportError? {
        let (frames, handler, failure) = self.inbound.withLock { state in
            var frames: [Bytes] = []
            do throws(TransportError) {
                try state.frames.received(count) { frames.append($0) }
                return (frames, state.handler, TransportError?.none)
            } catch {
                return (frames, state.handler, error)
            }
        }
        for frame in frames { handler?.frameReceived(frame) }
        return failure
    }

    // MARK: Closing

    /// Closes at once; what is queued is lost.
    package func close() {
        self.close(.closedLocally)
    }

    /// Closes when everything queued has been written.
    package func closeAfterFlushing() {
        let isFlushed = self.outbound.withLock { state in
            state.closesWhenFlushed = true
            return state.queue.isEmpty
        }
        if isFlushed { self.close(.closedLocally) }
    }

    /// Closes from any thread. The descriptor itself is given back on the loop's thread, which may be reading from it.
    func close(_ error: TransportError) {
        let isFirst = self.outbound.withLock { state in
            guard state.closed == nil else { return false }
            state.closed = error
            state.queue = Deque()
            state.queuedBytes = 0
            return true
        }
        guard isFirst else { return }
        self.socket.shutdown()
        if self.loop.isInLoop {
            self.finishClosing(error)
        } else {
            self.loop.execute { self.finishClosing(error) }
        }
    }

    private func finishClosing(_ error: TransportError) {
        self.outbound.withLock { state in
            if let token = state.token { self.loop.unwatch(self.socket.descriptor, token: token) }
            if !state.isDescriptorClosed { self.socket.close() }
            state.isDescriptorClosed = true
            state.token = nil
        }
        let handler = self.inbound.withLock { state in
            defer { state.handler = nil }
            return state.handler
        }
        // Later, so that the handler is never called from inside one of its own calls.
        self.loop.execute { handler?.channelClosed(error) }
    }
}

/// Carries a pointer out of a lock's closure. What it points to belongs to the loop's thread.
private struct UncheckedPointer: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer
}

extension SocketChannel: SocketEventHandler {
    func socketReady(_ event: SocketEvent) {
        if event.writable {
            let failure: TransportError? = self.outbound.withLock { state in
                guard state.closed == nil, !state.queue.isEmpty else { return nil }
                return self.flush(&state)
            }
            if let failure { self.close(failure) }
        }
        if event.readable { self.read() }
    }
}
