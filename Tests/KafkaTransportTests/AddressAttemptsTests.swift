// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import Testing

@testable import KafkaTransport

@Suite(.timeLimit(.minutes(1))) struct AddressAttemptsTests {
    private func address(_ port: Int) throws -> SocketAddress {
        try #require(SocketAddress.numeric(host: "127.0.0.1", port: port))
    }

    @Test func eachAddressHasAnEqualShareOfTheRemainingTime() throws {
        var attempts = AddressAttempts(try (1...3).map(self.address), deadline: .at(12))
        #expect(attempts.shareEnd(now: .at(0)) == .at(4))
        // The first failed at once, so its time goes to the others.
        attempts.failed(0)
        #expect(attempts.shareEnd(now: .at(0)) == .at(6))
        attempts.failed(1)
        #expect(attempts.shareEnd(now: .at(8)) == .at(12))
        attempts.failed(2)
        #expect(attempts.remaining == [])
    }

    @Test func noShareIsShorterThanTheMinimum() throws {
        let attempts = AddressAttempts(try (1...30).map(self.address), deadline: .at(10))
        #expect(attempts.shareEnd(now: .at(0)) == .at(3))
        #expect(attempts.shareEnd(now: .at(6)) == .at(9))
        #expect(attempts.shareEnd(now: .at(8)) == .at(10))
    }

    @Test func withoutTimeOnlyTheFirstIsTried() throws {
        var attempts = AddressAttempts(try (1...2).map(self.address), deadline: .at(1))
        #expect(attempts.mayBegin(now: .at(2), isFirst: true))
        #expect(!attempts.mayBegin(now: .at(2), isFirst: false))
        attempts.failed(0)
        #expect(!attempts.mayBegin(now: .at(2), isFirst: true))
        #expect(attempts.mayBegin(now: .at(0), isFirst: true))
    }

    @Test func slowAddressesComeLast() throws {
        var attempts = AddressAttempts(try (1...3).map(self.address), deadline: .at(1))
        attempts.putLast(0)
        #expect(attempts.remaining == [1, 2, 0])
    }

    @Test func anAddressThatFailedComesLastUntilItSucceeds() throws {
        let addresses = try (1...4).map(self.address)
        var failed = FailedAddresses()
        #expect(failed.putLast(in: addresses).map(\.port) == [1, 2, 3, 4])
        failed.failed(addresses[0])
        failed.failed(addresses[2])
        #expect(failed.putLast(in: addresses).map(\.port) == [2, 4, 1, 3])
        failed.failed(addresses[0])
        #expect(failed.putLast(in: addresses).map(\.port) == [2, 4, 3, 1])
        failed.succeeded(addresses[0])
        #expect(failed.putLast(in: addresses).map(\.port) == [1, 2, 4, 3])
    }

    @Test func theMemoryOfAddressesIsBounded() throws {
        var failed = FailedAddresses()
        for port in 1...1500 { failed.failed(try self.address(port)) }
        // Only the oldest ones are forgotten.
        #expect(failed.putLast(in: try [1500, 1].map(self.address)).map(\.port) == [1, 1500])
    }

    /// As for connections to a token endpoint or a broker, of which TLS is a part.
    @Test func aFailedHandshakeIsFollowedByTheNextAddress() async throws {
        let contexts = try TLSContexts(issued: { try $0.issue(hosts: ["DNS:kafka.example"]) })
        let others = try TLSContexts(issued: { try $0.issue(hosts: ["DNS:other.example"]) })
        let loop = try EventLoop(name: "server")
        defer { loop.shutdown() }
        let silent = try SilentPort()
        let accepted = Lock<[Int]>([])
        let wrong = try Listener(port: 0, tls: others.server, loop: loop, maximumFrameSize: 1) { _ in }
        let closing = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { channel in
            accepted.withLock { $0.append(0) }
            channel.start(Recorder())
            channel.close()
        }
        let good = try Listener(port: 0, tls: contexts.server, loop: loop, maximumFrameSize: 1) {
            $0.start(Recorder())
        }
        let addresses = try [silent.port, wrong.port, closing.port, good.port].map(self.address)
        let resolver = NameResolver(maximumThreads: 1) { _, _ in .success(addresses) }
        for _ in 0..<2 {
            let channel = try await SocketChannel.connect(
                host: "kafka.example", port: 9092, tls: contexts.client, loop: loop, timeout: .seconds(30),
                maximumFrameSize: 1, resolver: resolver)
            #expect(channel.remoteAddress?.port == good.port)
            channel.close()
        }
        // At the second attempt the working address came first.
        #expect(accepted.withLock { $0.count } == 1)
        withExtendedLifetime(silent) {}
    }
}
