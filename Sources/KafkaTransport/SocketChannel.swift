// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory
import Synchronization

/// A TCP connection that carries length-prefixed frames.
///
/// The loop's thread reads. A sender writes directly on its own thread if nothing is queued, so that sending wakes no
/// other thread. Bytes that don't fit are queued, and the loop writes them when the socket is writable.
///
/// The descriptor is used on the loop's thread or under the write lock, and the loop's thread closes it under that
/// lock, so no code uses a number that the system has assigned to another socket. Lock order: the write lock, then the
/// loop's.
package final class SocketChannel: Sendable {
    let loop: EventLoop
    private let socket: Socket
    private let transform: any ByteTransform
    private let outbound = Lock(Outbound())
    private let inbox: FrameInbox
    /// Whether frames may be delivered: open and not paused. Written under the write lock.
    private let isDelivering = Atomic(false)
    private let receivedAt: Atomic<Int64>

    enum Phase: Equatable {
        case open
        /// Closing gracefully: writes what is queued, accepts no more, and discards input.
        case flushing
        /// All is written and sending is shut down. Waits for the peer to close, because closing a socket with unread
        /// input makes the system discard data that the peer has not read yet.
        case lingering
        /// Writing failed. Input that arrived before is still read.
        case broken(TransportError)
        /// Waiting for the loop to close it.
        case closing(TransportError)
        case closed(TransportError)
    }

    /// The state that the write lock guards.
    private struct Outbound {
        var phase = Phase.open
        var queue = OutboundQueue()
        var handler: (any FrameHandler)?
        var isReadingPaused = false
        /// The registration with the loop, after `start`.
        var token: UInt64?
        /// The events that the loop watches for.
        var watched = Interest.nothing
        /// Whether the last flush left bytes. If so, the handler is notified when none are left.
        var hadBytesLeft = false
        var closeTimer: LoopTimer?

        /// Returns the events that the loop should watch for.
        func interest(_ transform: any ByteTransform) -> Interest {
            let hasBytes = !self.queue.isEmpty || transform.hasUnsentBytes
            return switch self.phase {
            case .open: Interest(read: !self.isReadingPaused, write: hasBytes)
            case .flushing: Interest(read: true, write: hasBytes)
            case .lingering: .reading
            case .broken, .closing, .closed: .nothing
            }
        }
    }

    /// The maximum number of reads or writes on a socket before other sockets are served.
    private static let callsInATurn = 16

    init(socket: Socket, transform: any ByteTransform = PlainBytes(), loop: EventLoop, maximumFrameSize: Int) {
        self.socket = socket
        self.transform = transform
        self.loop = loop
        self.inbox = FrameInbox(limit: maximumFrameSize)
        self.receivedAt = Atomic(loop.now.nanoseconds)
    }

    deinit {
        // The channel was never started, otherwise the loop would retain it.
        self.outbound.withLock { state in
            if case .closed = state.phase { return }
            self.socket.close()
        }
    }

    /// Starts reading. Nothing is received before. Must be called only once.
    ///
    /// - Parameter unframed: Whether the peer doesn't use Kafka's framing, so that bytes are delivered as they arrive.
    package func start(_ handler: any FrameHandler, unframed: Bool = false) {
        self.inbox.isUnframed = unframed
        let isClosed = self.outbound.withLock { state -> TransportError? in
            if case .closed(let error) = state.phase { return error }
            state.handler = handler
            do throws(TransportError) {
                let interest = state.interest(self.transform)
                state.token = try self.loop.core.watch(self.socket.descriptor, interest: interest, handler: self)
                state.watched = interest
                self.isDelivering.store(state.phase == .open && !state.isReadingPaused, ordering: .relaxed)
            } catch {
                self.beginClosing(&state, error)
            }
            return nil
        }
        if let isClosed { self.loop.execute { handler.channelClosed(isClosed) } }
        // The bytes after the handshake may have been read with it.
        if self.transform.hasBufferedInput { self.loop.execute { self.read() } }
    }

    /// The number of bytes that wait for the socket.
    package var queuedBytes: Int { self.outbound.withLock { $0.queue.byteCount } }

    /// Calls `body` under the write lock if the socket has taken everything that was sent.
    ///
    /// Returns nil otherwise, and if the channel is closed or closing.
    package func whenNothingIsQueued<Result>(_ body: () -> Result) -> Result? {
        self.outbound.withLock { state in
            state.phase == .open && state.queue.isEmpty && !self.transform.hasUnsentBytes ? body() : nil
        }
    }

    /// Whether the TLS handshake resumed an earlier session with the same server.
    package var isTLSResumed: Bool { (self.transform as? TLSSession)?.isResumed ?? false }

    /// The name of the subject of the peer's certificate, as in `CN=alice,O=Example`, or nil without one.
    package var tlsPeerName: String? { (self.transform as? TLSSession)?.peerName }

    /// The time at which bytes were last received, or at which the channel was created if there were none.
    package var lastReceived: MonotonicTime {
        MonotonicTime(nanoseconds: self.receivedAt.load(ordering: .relaxed))
    }

    /// The peer's address, or nil once the channel is closed.
    package var remoteAddress: SocketAddress? {
        self.outbound.withLock { state in
            if case .closed = state.phase { return nil }
            return self.socket.remoteAddress
        }
    }

    // MARK: Sending

    /// Sends a frame: the slices that `frame` returns, preceded by their length.
    ///
    /// `frame` runs under the write lock, so that its side effects are in the order of the frames on the wire. If it
    /// returns nil, nothing is sent. On a closed channel nothing is sent and `frame` isn't called. The handler's
    /// `channelClosed` reports that, and failures to write.
    package func send(_ frame: () -> [Bytes]?) {
        self.write(framed: true, frame)
    }

    /// Sends slices without a length prefix.
    package func sendUnframed(_ bytes: () -> [Bytes]?) {
        self.write(framed: false, bytes)
    }

    private func write(framed: Bool, _ make: () -> [Bytes]?) {
        self.outbound.withLock { state in
            guard state.phase == .open, let slices = make() else { return }
            let wasEmpty = state.queue.isEmpty
            if framed {
                let length = slices.reduce(0) { $0 + $1.count }
                let prefix = ByteStorage(minimumCapacity: 4)
                prefix.base.storeBytes(of: Int32(truncatingIfNeeded: length).bigEndian, as: Int32.self)
                state.queue.append(Bytes(storage: prefix, offset: 0, count: 4))
            }
            for slice in slices { state.queue.append(slice) }
            if wasEmpty { self.flush(&state) }
        }
    }

    /// Writes as many bytes as the socket takes and makes the loop write the rest.
    ///
    /// Notifies the handler if bytes were left before and none are left now, whichever call wrote them: bytes kept by a
    /// transform may be sent with the next frame or while reading.
    private func flush(_ state: inout Outbound) {
        self.writeQueue(&state)
        let hasBytesLeft = !state.queue.isEmpty || self.transform.hasUnsentBytes
        if state.hadBytesLeft, !hasBytesLeft, state.phase == .open, let handler = state.handler {
            self.loop.execute { handler.channelFlushed() }
        }
        state.hadBytesLeft = hasBytesLeft
    }

    private func writeQueue(_ state: inout Outbound) {
        for _ in 0..<Self.callsInATurn where !state.queue.isEmpty {
            let (outcome, offered) = state.queue.withPieces { (self.transform.send($0, to: self.socket), $1) }
            switch outcome {
            case .done(let count):
                state.queue.consume(count)
                if count == offered { continue }
            case .wouldBlock:
                break
            case .failed(let error):
                self.beginBreaking(&state, error)
                return
            }
            break
        }
        if state.queue.isEmpty { self.finishFlushing(&state) }
        self.updateInterest(&state)
    }

    /// Flushes the transform after it has taken everything, and ends sending if the channel is being closed.
    private func finishFlushing(_ state: inout Outbound) {
        if state.phase == .flushing { self.transform.endSending(to: self.socket) }
        if self.transform.hasUnsentBytes, case .failed(let error) = self.transform.flush(to: self.socket) {
            self.beginBreaking(&state, error)
        } else if state.phase == .flushing, !self.transform.hasUnsentBytes {
            state.phase = .lingering
            self.socket.endSending()
        }
    }

    private func beginBreaking(_ state: inout Outbound, _ error: TransportError) {
        switch state.phase {
        case .open, .flushing, .lingering, .broken: break
        case .closing, .closed: return
        }
        state.phase = .broken(error)
        state.queue = OutboundQueue()
        self.updateInterest(&state)
        self.loop.execute { self.finishBroken() }
    }

    private func updateInterest(_ state: inout Outbound) {
        let interest = state.interest(self.transform)
        guard let token = state.token, interest != state.watched else { return }
        do throws(TransportError) {
            try self.loop.core.update(self.socket.descriptor, token: token, from: state.watched, to: interest)
            state.watched = interest
        } catch {
            self.beginClosing(&state, error)
        }
    }

    // MARK: Receiving

    /// Stops delivering frames and reading until `resumeReading`, so that the peer has to wait.
    ///
    /// If the handler calls it, no further frame is delivered. If another thread does, one more may be.
    package func pauseReading() {
        self.outbound.withLock { state in
            state.isReadingPaused = true
            self.isDelivering.store(false, ordering: .relaxed)
            self.updateInterest(&state)
        }
    }

    /// Resumes reading.
    package func resumeReading() {
        self.outbound.withLock { state in
            guard state.isReadingPaused, state.phase == .open else { return }
            state.isReadingPaused = false
            self.isDelivering.store(state.token != nil, ordering: .relaxed)
            self.updateInterest(&state)
            // Frames from before the pause may be left.
            self.loop.execute { self.read() }
        }
    }

    private func read() {
        let (phase, handler) = self.outbound.withLock { ($0.phase, $0.handler) }
        switch phase {
        case .open, .broken:
            guard let handler else { return }
            self.read(for: handler)
        case .flushing, .lingering:
            self.discard()
        case .closing, .closed:
            return
        }
    }

    private func read(for handler: any FrameHandler) {
        for _ in 0..<Self.callsInATurn {
            guard self.deliver(to: handler) else { return }
            switch self.inbox.receive({ self.transform.receive(from: self.socket, into: $0) }) {
            case .perhapsMore:
                self.noteReceiving()
            case .allThereIs:
                self.noteReceiving()
                _ = self.deliver(to: handler)
                self.flushWhatReadingMade()
                if self.transform.hasEnded { self.loop.execute { self.read() } }
                return
            case .nothing:
                self.flushWhatReadingMade()
                return
            case .end:
                self.finish(.closedByPeer)
                return
            case .failed(let error):
                self.finish(error)
                return
            }
        }
        _ = self.deliver(to: handler)
        // The socket doesn't signal bytes that the transform has already read from it.
        if self.transform.hasBufferedInput { self.loop.execute { self.read() } }
    }

    /// Writes the answers to TLS's own messages, which OpenSSL produces while reading.
    private func flushWhatReadingMade() {
        guard self.transform.hasUnsentBytes else { return }
        self.outbound.withLock { state in
            // The channel may have been closed while reading, and the descriptor reused.
            guard state.phase == .open || state.phase == .flushing else { return }
            self.flush(&state)
        }
    }

    private func noteReceiving() {
        self.receivedAt.store(self.loop.now.nanoseconds, ordering: .relaxed)
    }

    /// Delivers the complete frames. Returns whether to continue reading.
    private func deliver(to handler: any FrameHandler) -> Bool {
        while self.isDelivering.load(ordering: .relaxed) {
            switch self.inbox.next() {
            case .frame(let frame): handler.frameReceived(frame)
            case .nothing: return true
            case .failure(let error):
                self.finish(error)
                return false
            }
        }
        return false
    }

    private func discard() {
        for _ in 0..<Self.callsInATurn {
            switch self.inbox.discard({ self.transform.receive(from: self.socket, into: $0) }) {
            case .perhapsMore: continue
            case .allThereIs where self.transform.hasEnded: continue
            case .allThereIs, .nothing: return
            case .end, .failed:
                self.finish(.closedLocally)
                return
            }
        }
    }

    // MARK: Closing

    /// Closes the channel immediately and discards what is queued.
    ///
    /// The handler is notified soon after, on the loop's thread. If the handler itself calls this, no further frame is
    /// delivered.
    package func close() {
        self.outbound.withLock { self.beginClosing(&$0, .closedLocally) }
    }

    /// Closes the channel gracefully: writes what is queued, ends sending, and waits for the peer to close, all within
    /// `limit`. Input that arrives meanwhile is discarded.
    package func closeAfterFlushing(within limit: Duration = .seconds(5)) {
        self.outbound.withLock { state in
            guard state.phase == .open else { return }
            guard state.token != nil else {
                self.beginClosing(&state, .closedLocally)
                return
            }
            state.phase = .flushing
            self.isDelivering.store(false, ordering: .relaxed)
            self.flush(&state)
            state.closeTimer = self.loop.schedule(after: limit) { [weak self] in self?.close() }
        }
    }

    private func beginClosing(_ state: inout Outbound, _ error: TransportError) {
        switch state.phase {
        case .open, .flushing, .lingering, .broken: break
        case .closing, .closed: return
        }
        state.phase = .closing(error)
        self.isDelivering.store(false, ordering: .relaxed)
        self.loop.execute { self.finish(error) }
    }

    /// Handles a failed write: reads what the peer sent before, which may explain the failure, and closes.
    private func finishBroken() {
        self.read()
        let error = self.outbound.withLock { state -> TransportError? in
            if case .broken(let error) = state.phase { error } else { nil }
        }
        if let error { self.finish(error) }
    }

    /// Closes the descriptor and notifies the handler. Must be called on the loop's thread.
    private func finish(_ error: TransportError) {
        let (ended, queue) = self.outbound.withLock { state -> ((any FrameHandler)?, OutboundQueue) in
            if case .closed = state.phase { return (nil, OutboundQueue()) }
            if let token = state.token {
                self.loop.core.unwatch(self.socket.descriptor, token: token, interest: state.watched)
            }
            self.socket.close()
            state.phase = .closed(error)
            self.isDelivering.store(false, ordering: .relaxed)
            state.closeTimer?.cancel()
            defer {
                state.handler = nil
                state.queue = OutboundQueue()
            }
            return (state.handler, state.queue)
        }
        // The queued bytes are released outside of the lock.
        withExtendedLifetime(queue) {}
        ended?.channelClosed(error)
    }
}

extension SocketChannel: SocketEventHandler {
    func socketReady(_ event: SocketEvent) {
        if event.writable {
            self.outbound.withLock { state in
                guard !state.queue.isEmpty || self.transform.hasUnsentBytes else { return }
                guard state.phase == .open || state.phase == .flushing else { return }
                self.flush(&state)
            }
        }
        if event.readable { self.read() }
    }

    func loopEnds() {
        self.finish(.closedLocally)
    }
}
