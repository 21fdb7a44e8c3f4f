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
/// The loop's thread reads; whoever sends writes, at once and on the calling thread if nothing is queued, so that sending
/// wakes nobody. What doesn't fit waits in a queue that the loop writes when the socket takes more.
///
/// The descriptor is used on the loop's thread or under the write lock, and closed by the loop's thread under that lock: so
/// nobody ever uses a number that the system has given to another socket. Lock order: the write lock, then the loop's.
package final class SocketChannel: Sendable {
    let loop: EventLoop
    private let socket: Socket
    private let transform: any ByteTransform
    private let outbound = Lock(Outbound())
    private let inbox: FrameInbox
    /// Whether frames may be handed out: open and not paused. Written under the write lock.
    private let isDelivering = Atomic(false)
    private let receivedAt: Atomic<Int64>

    enum Phase: Equatable {
        case open
        /// Closing in good order: writes what is queued, takes no more, and forgets what comes.
        case flushing
        /// All is written and the other side knows; waits for its end, since closing with unread bytes in the socket would
        /// make the system throw away what the other side has not read yet.
        case lingering
        /// Writing failed; what has come before is still to be read.
        case broken(TransportError)
        /// To be closed by the loop.
        case closing(TransportError)
        case closed(TransportError)
    }

    /// What the write lock guards.
    private struct Outbound {
        var phase = Phase.open
        var queue = OutboundQueue()
        var handler: (any FrameHandler)?
        var isReadingPaused = false
        /// The registration with the loop, once started.
        var token: UInt64?
        /// What the loop watches for.
        var watched = Interest.nothing
        /// Whether bytes were left when it was last flushed: the handler is told when there are none any more.
        var hadBytesLeft = false
        var closeTimer: LoopTimer?

        /// What the loop should watch for.
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

    /// How often a socket is read or written before others have their turn.
    private static let callsInATurn = 16

    init(socket: Socket, transform: any ByteTransform = PlainBytes(), loop: EventLoop, maximumFrameSize: Int) {
        self.socket = socket
        self.transform = transform
        self.loop = loop
        self.inbox = FrameInbox(limit: maximumFrameSize)
        self.receivedAt = Atomic(loop.now.nanoseconds)
    }

    deinit {
        // Never started, or it would be with the loop.
        self.outbound.withLock { state in
            if case .closed = state.phase { return }
            self.socket.close()
        }
    }

    /// Begins to read. Until then nothing is received. To be called once.
    ///
    /// - Parameter unframed: whether the other side doesn't speak Kafka's protocol: bytes are handed out as they come.
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
        // A handshake may have brought more than itself.
        if self.transform.hasBufferedInput { self.loop.execute { self.read() } }
    }

    /// Bytes that wait for the socket to take them.
    package var queuedBytes: Int { self.outbound.withLock { $0.queue.byteCount } }

    /// Runs `body` under the write lock if the socket has taken all that was sent; otherwise, and on a channel that is closed
    /// or closing, returns nil.
    package func whenNothingIsQueued<Result>(_ body: () -> Result) -> Result? {
        self.outbound.withLock { state in
            state.phase == .open && state.queue.isEmpty && !self.transform.hasUnsentBytes ? body() : nil
        }
    }

    /// Whether its TLS handshake went on with an earlier session to the same server.
    package var isTLSResumed: Bool { (self.transform as? TLSSession)?.isResumed ?? false }

    /// When something last came from the other side; before that, when the channel was made.
    package var lastReceived: MonotonicTime {
        MonotonicTime(nanoseconds: self.receivedAt.load(ordering: .relaxed))
    }

    /// The other side's address; nil once closed.
    package var remoteAddress: SocketAddress? {
        self.outbound.withLock { state in
            if case .closed = state.phase { return nil }
            return self.socket.remoteAddress
        }
    }

    // MARK: Sending

    /// Sends a frame: the slices that `frame` makes, with their length before them. `frame` runs under the write lock, so
    /// that what it notes down is in the order of the frames on the wire; if it returns nil, nothing is sent.
    ///
    /// Nothing is sent on a closed channel either, and `frame` is not called. The handler's `channelClosed` tells; it also
    /// tells when writing fails.
    package func send(_ frame: () -> [Bytes]?) {
        self.write(framed: true, frame)
    }

    /// Sends slices as they are, with no length before them.
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

    /// Writes what the socket takes, and sees to it that the rest follows. If that was the rest, the handler is told, whoever
    /// called: a transform keeps bytes that the next frame, or reading, takes along.
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

    /// All is with the transform: sees that it gets on, and to the end if that is due.
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

    /// Stops handing out frames, and reading, until `resumeReading`: the other side will have to wait. If called by the
    /// handler, no further frame comes; if by another thread, the one that is on its way may.
    package func pauseReading() {
        self.outbound.withLock { state in
            state.isReadingPaused = true
            self.isDelivering.store(false, ordering: .relaxed)
            self.updateInterest(&state)
        }
    }

    /// Reads again.
    package func resumeReading() {
        self.outbound.withLock { state in
            guard state.isReadingPaused, state.phase == .open else { return }
            state.isReadingPaused = false
            self.isDelivering.store(state.token != nil, ordering: .relaxed)
            self.updateInterest(&state)
            // Frames may be left from before the pause.
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
        // The socket doesn't tell of what the transform has taken from it.
        if self.transform.hasBufferedInput { self.loop.execute { self.read() } }
    }

    /// TLS has messages of its own, which it answers when it reads them.
    private func flushWhatReadingMade() {
        guard self.transform.hasUnsentBytes else { return }
        self.outbound.withLock { state in
            // What was read may have been the end: the descriptor is somebody else's then.
            guard state.phase == .open || state.phase == .flushing else { return }
            self.flush(&state)
        }
    }

    private func noteReceiving() {
        self.receivedAt.store(self.loop.now.nanoseconds, ordering: .relaxed)
    }

    /// Hands out what is there. Returns whether to go on reading.
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

    /// Closes at once; what is queued is lost. The handler is told soon after, on the loop's thread; if it calls this
    /// itself, no further frame comes.
    package func close() {
        self.outbound.withLock { self.beginClosing(&$0, .closedLocally) }
    }

    /// Closes in good order: writes what is queued, tells the other side, and waits for its end; all that within a limit.
    /// What comes meanwhile is thrown away.
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

    /// Writing failed: reads what the other side said before, which may tell why, and closes.
    private func finishBroken() {
        self.read()
        let error = self.outbound.withLock { state -> TransportError? in
            if case .broken(let error) = state.phase { error } else { nil }
        }
        if let error { self.finish(error) }
    }

    /// Gives the descriptor back, and tells the handler. On the loop's thread.
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
        // What nobody wanted is let go of outside of the lock.
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
