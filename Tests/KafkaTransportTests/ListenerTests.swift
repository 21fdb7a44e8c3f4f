// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTransport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ListenerTests {
    #if os(Linux)
    /// In a separate process, since it uses up all descriptors.
    @Test func runningOutOfDescriptorsPausesTheListenerWithoutSpinning() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let recorder = Recorder()
            let server = try AcceptingServer { $0.start(recorder) }
            var taken: [Int32] = []
            while true {
                let descriptor = open("/dev/null", O_RDONLY)
                guard descriptor >= 0 else { break }
                taken.append(descriptor)
            }
            close(taken.removeLast())
            // The system accepts the connection into the backlog, but the listener has no descriptor for it.
            let peer = try RawPeer(port: server.listener.port)
            try peer.send(framed("x".utf8))
            let before = await server.loop.processorTime
            try await server.loop.sleep(for: .milliseconds(300))
            #expect(await server.loop.processorTime - before < .milliseconds(150))
            #expect(recorder.frames.isEmpty)
            for descriptor in taken { close(descriptor) }
            await recorder.wait { frames, _ in frames == ["x"] }
            await server.end()
        }
    }
    #endif

    @Test func acceptedConnectionsOutliveTheListener() async throws {
        let recorder = Recorder()
        let server = try AcceptingServer { $0.start(recorder) }
        let peer = try RawPeer(port: server.listener.port)
        let channel = await server.channels(1)[0]
        server.listener.close()
        server.listener.close()
        try peer.send(framed("question".utf8))
        await recorder.wait { frames, _ in frames == ["question"] }
        channel.send { ["answer"] }
        let answer = try peer.receive(10)
        #expect(answer == framed("answer".utf8))
        #expect(throws: TransportError.self) { _ = try RawPeer(port: server.listener.port) }
        await server.end()
    }

    @Test(arguments: [("localhost", 0), ("256.0.0.1", 0), ("127.0.0.1", 65_536), ("127.0.0.1", -1)])
    func aListenerAcceptsNumericAddressesOnly(host: String, port: Int) throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let error = #expect(throws: TransportError.self) {
            _ = try Listener(host: host, port: port, loop: loop, maximumFrameSize: 1) { _ in }
        }
        guard case .cannotResolve(host, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
