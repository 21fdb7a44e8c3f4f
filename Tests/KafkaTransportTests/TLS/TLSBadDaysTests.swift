// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTestSupport
import Synchronization
import Testing

@testable import KafkaTransport

/// Servers that disconnect, stall, flood or send garbage. Each causes a typed error in time, and leaks nothing.
@Suite(.timeLimit(.minutes(1))) struct TLSBadDaysTests {
    private static let versions = [TLSSettings.Version.tls12, .tls13]

    private func contexts(_ version: TLSSettings.Version) throws -> TLSContexts {
        try TLSContexts(server: { ($0.minimumVersion, $0.maximumVersion) = (version, version) })
    }

    /// Connects to a server and returns the result.
    private func connect(
        _ contexts: TLSContexts, to port: Int, loop: EventLoop, timeout: Duration = .seconds(10)
    ) async -> Result<SocketChannel, TransportError> {
        do throws(TransportError) {
            return .success(
                try await SocketChannel.connect(
                    host: "127.0.0.1", port: port, tls: contexts.client, loop: loop, timeout: timeout,
                    maximumFrameSize: 1 << 20))
        } catch {
            return .failure(error)
        }
    }

    /// Returns why the handshake with this server fails. If the server doesn't close the connection, the client must.
    private func failure(
        _ contexts: TLSContexts, timeout: Duration = .seconds(10),
        _ serve: @escaping @Sendable (RawPeer, TLSServerInMemory) throws -> Void
    ) async throws -> TransportError? {
        let loop = try EventLoop(name: "client")
        let hasHungUp = FirstResult<Bool>()
        // A small buffer, so that a client that disconnects early does so while the server is still sending.
        let server = try RawServer(sendBufferSize: 16 << 10) { peer in
            defer { hasHungUp.give(false) }
            do {
                try serve(peer, try TLSServerInMemory(contexts.server))
            } catch TransportError.system(_, EPIPE), TransportError.system(_, ECONNRESET) {
                // The client disconnected before it had been sent everything.
            }
            try peer.awaitEnd()
            hasHungUp.give(true)
        }
        let result = await self.connect(contexts, to: server.port, loop: loop, timeout: timeout)
        if case .failure = result {
            let isClosed = await hasHungUp.value(whenCancelled: false)
            #expect(isClosed, "the client did not close its socket")
        }
        loop.shutdown()
        await loop.ended()
        await server.end()
        guard case .failure(let error) = result else { return nil }
        return error
    }

    /// Returns the frames that a client receives from this server after the handshake, and the reason for the end.
    private func session(
        _ version: TLSSettings.Version, options: SocketOptions = SocketOptions(),
        _ serve: @escaping @Sendable (RawPeer, TLSServerInMemory) throws -> Void
    ) async throws -> (frames: [Bytes], closed: TransportError?) {
        let contexts = try self.contexts(version)
        let loop = try EventLoop(name: "client")
        let server = try RawServer(receiveBufferSize: 4096, sendBufferSize: 16 << 10) { peer in
            let tls = try TLSServerInMemory(contexts.server)
            try peer.agree(tls)
            try serve(peer, tls)
            try peer.awaitEnd()
        }
        let channel = try await SocketChannel.connect(
            host: "127.0.0.1", port: server.port, tls: contexts.client, loop: loop, timeout: .seconds(10),
            maximumFrameSize: 1000, options: options)
        let recorder = Recorder(onFrame: { if $0 == Bytes("the end") { channel.close() } })
        channel.start(recorder)
        await recorder.wait { _, closed in closed != nil }
        loop.shutdown()
        await loop.ended()
        await server.end()
        return (recorder.frames, recorder.closed)
    }

    // MARK: Cut off

    enum Cut: Sendable {
        case end
        case reset
    }

    @Test(arguments: versions, [Cut.end, .reset])
    func aHandshakeCutOffAnywhereIsAnErrorAtOnce(version: TLSSettings.Version, how: Cut) async throws {
        let contexts = try self.contexts(version)
        let loop = try EventLoop(name: "client")
        let length = Atomic(0)
        let hungUp = Atomic(0)
        let server = try RawServer { peer in
            let tls = try TLSServerInMemory(contexts.server)
            var left = length.load(ordering: .relaxed)
            while left >= 0 {
                let answer = tls.answer(try peer.receiveSome())
                try peer.send(answer.prefix(left))
                if tls.isEstablished, answer.count <= left { return try peer.awaitEnd() }
                left -= answer.count
            }
            if how == .reset { return peer.reset() }
            peer.endSending()
            try peer.awaitEnd()
            hungUp.wrappingAdd(1, ordering: .relaxed)
        }
        var failures = 0
        while true {
            let result = await self.connect(contexts, to: server.port, loop: loop)
            guard case .failure(let error) = result else { break }
            let isRight =
                switch error {
                case .tls(.closedInHandshake): true
                case .reset: how == .reset
                default: false
                }
            try #require(isRight, "\(error)")
            failures += 1
            // After every byte. For a reset, which doesn't depend on the position, after every third byte.
            length.wrappingAdd(how == .end ? 1 : 3, ordering: .relaxed)
        }
        loop.shutdown()
        await loop.ended()
        await server.end()
        #expect(length.load(ordering: .relaxed) > 700)
        if how == .end { #expect(hungUp.load(ordering: .relaxed) >= failures) }
    }

    @Test(arguments: versions)
    func aStalledHandshakeEndsAtItsDeadlineAndSaysSo(version: TLSSettings.Version) async throws {
        let contexts = try self.contexts(version)
        let error = try await self.failure(contexts, timeout: .seconds(2)) { peer, tls in
            let answer = tls.answer(try peer.receiveSome())
            try peer.send(answer.prefix(answer.count / 2))
        }
        #expect(error == .tls(.timedOut))
        #expect(error?.description.contains("TLS handshake") == true)
    }

    // MARK: Limits

    @Test(arguments: versions)
    func aCertificateOfAMegabyteIsRefused(version: TLSSettings.Version) async throws {
        let contexts = try TLSContexts(
            issued: { try $0.issue(hosts: (0..<60_000).map { "DNS:broker-\($0).example" }) },
            server: { ($0.minimumVersion, $0.maximumVersion) = (version, version) })
        let error = try await self.failure(contexts) { peer, tls in
            let answer = tls.answer(try peer.receiveSome())
            #expect(answer.count > 1 << 20)
            try peer.send(answer)
        }
        #expect(error == .tls(.handshakeTooLarge))
    }

    /// OpenSSL ignores HelloRequests during a handshake, however many arrive.
    @Test(arguments: versions)
    func anEndlessHandshakeIsRefused(version: TLSSettings.Version) async throws {
        let helloRequest: [UInt8] = [22, 3, 3, 0, 4, 0, 0, 0, 0]
        let error = try await self.failure(self.contexts(version)) { peer, _ in
            peer.flood(Array(repeatElement(helloRequest, count: 5000).joined()))
        }
        #expect(error == .tls(.handshakeTooLarge))
    }

    /// The memory for these messages must not grow, and other connections must get their turn.
    @Test func endlessTicketsDoNotStarveOtherConnections() async throws {
        let contexts = try self.contexts(.tls13)
        let loop = try EventLoop(name: "client")
        let hasSent = FirstResult<Int>()
        let server = try RawServer { peer in
            defer { hasSent.give(0) }
            let tls = try TLSServerInMemory(contexts.server)
            try peer.agree(tls)
            let tickets = (0..<800).flatMap { _ in tls.newTicket() }
            try peer.send(tickets + tls.encrypt([7]))
            hasSent.give(tickets.count)
            try peer.awaitEnd()
        }
        let address = try #require(SocketAddress.numeric(host: "127.0.0.1", port: server.port))
        let socket = try Socket.make(family: address.family, options: SocketOptions(receiveBufferSize: 1 << 20))
        _ = socket.connect(to: address)
        while socket.remoteAddress == nil { await Task.yield() }
        let session = try TLSSession(contexts.client, host: "127.0.0.1", port: server.port, socket: socket)
        try await TLSHandshake.perform(session, on: socket, loop: loop, deadline: loop.now + .seconds(10))
        let count = await hasSent.value(whenCancelled: 0)
        #expect(count > 160 << 10)
        var turns = 0
        var received: [UInt8] = []
        while received.isEmpty {
            let outcome = withUnsafeTemporaryAllocation(byteCount: 1000, alignment: 1) { target in
                let outcome = session.receive(from: socket, into: target)
                if case .done(let count) = outcome { received = Array(target[..<count]) }
                return outcome
            }
            if case .failed(let error) = outcome { throw error }
            turns += 1
        }
        #expect(received == [7])
        #expect(turns > 2)
        socket.close()
        loop.shutdown()
        await loop.ended()
        await server.end()
    }

    @Test func aServerThatRequestsKeyUpdatesWithoutReadingThemIsDisconnected() async throws {
        // Small buffers, so that the server can't be far ahead of the client.
        let options = SocketOptions(sendBufferSize: 4096, receiveBufferSize: 16 << 10)
        let (_, closed) = try await self.session(.tls13, options: options) { peer, tls in
            for _ in 0..<200 { try peer.send((0..<200).flatMap { _ in tls.updateKeys() }) }
            Issue.record("40 000 demands were taken")
        }
        guard case .tls(.other(let reason)) = closed else {
            Issue.record("\(String(describing: closed))")
            return
        }
        #expect(reason.contains("does not read"))
    }

    @Test func keyUpdatesAndTicketsDisturbNothing() async throws {
        let (frames, closed) = try await self.session(.tls13) { peer, tls in
            for number in 0..<100 {
                let bytes = tls.newTicket() + tls.updateKeys() + tls.encrypt(framed("\(number)".utf8))
                try peer.send(bytes)
            }
            try peer.send(tls.encrypt(framed("the end".utf8)))
        }
        #expect(frames == (0..<100).map { Bytes("\($0)") } + ["the end"])
        #expect(closed == .closedLocally)
    }

    /// The server leaves the socket open, so only the close_notify signals the end.
    @Test(arguments: versions)
    func aCloseNotifyRightAfterAFrameEndsTheConnection(version: TLSSettings.Version) async throws {
        let hasHungUp = Atomic(false)
        let (frames, closed) = try await self.session(version) { peer, tls in
            try peer.send(tls.encrypt(framed("the last".utf8)) + tls.farewell())
            try peer.awaitEnd()
            hasHungUp.store(true, ordering: .relaxed)
        }
        #expect(frames == ["the last"])
        #expect(closed == .closedByPeer)
        let isClosed = hasHungUp.load(ordering: .relaxed)
        #expect(isClosed, "the server closed the socket first")
    }

    /// The client has encrypted bytes that the server doesn't read when it receives a frame that ends the session. Its
    /// descriptor may belong to another socket from then on.
    @Test func unsentBytesOfABrokenSessionReachNoOtherSocket() async throws {
        let contexts = try self.contexts(.tls13)
        let loop = try EventLoop(name: "client")
        let server = try RawServer(receiveBufferSize: 4096) { peer in
            let tls = try TLSServerInMemory(contexts.server)
            try peer.agree(tls)
            _ = tls.answer(try peer.receiveSome())
            try peer.send(tls.encrypt([0xff, 0xff, 0xff, 0xff]))
            try peer.awaitEnd()
        }
        let channel = try await SocketChannel.connect(
            host: "127.0.0.1", port: server.port, tls: contexts.client, loop: loop, timeout: .seconds(10),
            maximumFrameSize: 1000, options: SocketOptions(sendBufferSize: 4096))
        // Sockets that get the released descriptor number, and others.
        let sockets = Lock<[[Int32]]>([])
        let recorder = Recorder(onClose: {
            sockets.withLock { sockets in
                for _ in 0..<50 {
                    var pair: [Int32] = [-1, -1]
                    if socketpair(AF_UNIX, Socket.streamType, 0, &pair) == 0 { sockets.append(pair) }
                }
            }
        })
        channel.start(recorder)
        channel.send { [Bytes(repeatElement(7, count: 1 << 20))] }
        await recorder.wait { _, closed in closed != nil }
        loop.shutdown()
        await loop.ended()
        await server.end()
        if case .frameTooLarge = recorder.closed {} else { Issue.record("\(String(describing: recorder.closed))") }
        let descriptors = sockets.withLock { Array($0.joined()) }
        let changed = descriptors.filter { descriptor in
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 || errno != EAGAIN
        }
        #expect(changed.isEmpty, "closed, or written to")
        for descriptor in descriptors { close(descriptor) }
    }

    @Test func aRenegotiationIsDeclinedAndDisturbsNothing() async throws {
        let (frames, closed) = try await self.session(.tls12) { peer, tls in
            let request = tls.askToRenegotiate()
            #expect(!request.isEmpty)
            try peer.send(request + tls.encrypt(framed("before".utf8)))
            // The client answers with an alert (type 21) and nothing else.
            let answer = try peer.receiveSome()
            #expect(answer.first == 21)
            #expect(answer.count < 60)
            try peer.send(tls.encrypt(framed("the end".utf8)))
        }
        #expect(frames == ["before", "the end"])
        #expect(closed == .closedLocally)
    }

    @Test(arguments: versions)
    func failedHandshakesLeakNoMemory(version: TLSSettings.Version) async throws {
        let contexts = try self.contexts(version)
        let loop = try EventLoop(name: "client")
        let length = Atomic(0)
        let served = Lock(FirstResult<Void>())
        let server = try RawServer { peer in
            defer { served.withLock { $0 }.give(()) }
            let tls = try TLSServerInMemory(contexts.server)
            // Cut off within the server's first flight at multiples of a prime number, so anywhere in it.
            let answer = tls.answer(try peer.receiveSome())
            try peer.send(answer.prefix(length.wrappingAdd(97, ordering: .relaxed).newValue % answer.count))
            peer.endSending()
            try peer.awaitEnd()
        }
        let growth = try await HeapUse.growth(of: 200) {
            let isServed = FirstResult<Void>()
            served.withLock { $0 = isServed }
            guard case .failure(.tls(.closedInHandshake)) = await self.connect(contexts, to: server.port, loop: loop)
            else {
                Issue.record("the handshake did not fail as it was to")
                return
            }
            // The server's memory for a handshake is counted too.
            await isServed.value(whenCancelled: ())
        }
        // An OpenSSL session takes about 10 KB, a channel 1 KB.
        #expect(growth < 300, "\(growth) bytes for each")
        loop.shutdown()
        await loop.ended()
        await server.end()
    }

    // MARK: Garbage

    @Test(
        arguments: [
            (Array("220 mail.example ESMTP".utf8), "notTLS"),
            ([0, 0, 0, 12, 0, 0, 0, 1, 0, 35, 0, 0, 0, 0, 0, 0], "notTLS"),
            ([0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10], "notTLS"),
            ([22, 3, 3, 0, 8] + [2, 0, 0, 4] + [9, 9, 9, 9], "other"),
            ([22, 3, 3, 0, 8] + [0xff, 0xff, 0xff, 0xff] + [9, 9, 9, 9], "other"),
            ([22, 3, 3, 0xff, 0xff] + [UInt8](repeating: 7, count: 100), "other"),
            ([22, 9, 9, 0, 8] + [2, 0, 0, 4] + [9, 9, 9, 9], "other"),
            ([23, 3, 3, 0, 5] + Array("hello".utf8), "other"),
            ([20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 1], "other"),
            ([21, 3, 3, 0, 2, 2, 40], "refused"),
            ([21, 3, 3, 0, 2, 9, 9], "other"),
        ] as [([UInt8], String)])
    func garbageInsteadOfAServerHelloIsAnError(bytes: [UInt8], what: String) async throws {
        for version in Self.versions {
            let error = try await self.failure(self.contexts(version)) { peer, _ in
                _ = try peer.receiveSome()
                try peer.send(bytes)
                peer.endSending()
            }
            switch error {
            case .tls(.notTLS): #expect(what == "notTLS")
            case .tls(.refused(let alert, _)): #expect(what == "refused" && alert == 40)
            case .tls(.other), .tls(.closedInHandshake): #expect(what == "other")
            default: Issue.record("\(version): \(String(describing: error))")
            }
        }
    }

    @Test(arguments: versions)
    func garbageInASessionEndsItAfterTheValidBytes(version: TLSSettings.Version) async throws {
        let nonsense: [[UInt8]] = [
            [23, 3, 3, 0, 64] + [UInt8](repeating: 0xa5, count: 64),
            [23, 3, 3, 0, 1, 0],
            [23, 3, 3, 0xff, 0xff, 0],
            Array("plain text, all of a sudden".utf8),
            [21, 3, 3, 0, 2, 2, 40],
        ]
        for bytes in nonsense {
            let (frames, closed) = try await self.session(version) { peer, tls in
                try peer.send(tls.encrypt(framed("before".utf8)) + bytes)
            }
            #expect(frames == ["before"])
            guard case .tls(.other(let reason)) = closed else {
                Issue.record("\(bytes): \(String(describing: closed))")
                continue
            }
            #expect(reason.contains("the TLS session broke"))
        }
    }
}
