// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct TLSHandshakeTests {
    /// Connects to a server with these contexts, and returns the client's error, if any.
    private func failure(
        _ contexts: TLSContexts, host: String = "127.0.0.1", address: String = "127.0.0.1",
        timeout: Duration = .seconds(10), resolver: NameResolver = .shared
    ) async throws -> TransportError? {
        let serverLoop = try EventLoop(name: "server")
        let clientLoop = try EventLoop(name: "client")
        defer {
            serverLoop.shutdown()
            clientLoop.shutdown()
        }
        let serverSide = Recorder()
        let accepted = Lock<SocketChannel?>(nil)
        let listener = try Listener(
            host: address, port: 0, tls: contexts.server, loop: serverLoop, maximumFrameSize: 1000
        ) { channel in
            accepted.withLock { $0 = channel }
            channel.start(serverSide)
            channel.send { [Bytes("welcome")] }
        }
        defer { listener.close() }
        let clientSide = Recorder()
        do throws(TransportError) {
            let channel = try await SocketChannel.connect(
                host: host, port: listener.port, tls: contexts.client, loop: clientLoop, timeout: timeout,
                maximumFrameSize: 1000, resolver: resolver)
            channel.start(clientSide)
        } catch {
            return error
        }
        await clientSide.wait { frames, closed in !frames.isEmpty || closed != nil }
        return clientSide.frames == [Bytes("welcome")] ? nil : clientSide.closed
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func aServerWhoseCertificateNamesTheHostIsTrusted(host: String) async throws {
        #expect(try await self.failure(TLSContexts(), host: host) == nil)
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13])
    func bothVersionsAreSupported(version: TLSSettings.Version) async throws {
        let contexts = try TLSContexts(server: {
            $0.maximumVersion = version; $0.minimumVersion = version
        })
        #expect(try await self.failure(contexts) == nil)
    }

    @Test func aVersionBelowTheMinimumIsRefused() async throws {
        let contexts = try TLSContexts(
            server: { $0.maximumVersion = .tls12 }, client: { settings, _ in settings.minimumVersion = .tls13 })
        guard case .tls = try await self.failure(contexts) else {
            Issue.record("TLS 1.2 was spoken")
            return
        }
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13])
    func aSecondConnectionResumesTheSessionOfTheFirst(version: TLSSettings.Version) async throws {
        let contexts = try TLSContexts(server: { $0.maximumVersion = version })
        let serverLoop = try EventLoop(name: "server")
        let clientLoop = try EventLoop(name: "client")
        defer {
            serverLoop.shutdown()
            clientLoop.shutdown()
        }
        let accepted = Lock<[SocketChannel]>([])
        let listener = try Listener(
            port: 0, tls: contexts.server, loop: serverLoop, maximumFrameSize: 1000
        ) { channel in
            accepted.withLock { $0.append(channel) }
            channel.start(Recorder())
            channel.send { [Bytes("welcome")] }
        }
        defer { listener.close() }
        var resumed: [Bool] = []
        // Another name is another server: resuming this session would trust it without its certificate.
        for host in ["localhost", "localhost", "127.0.0.1"] {
            let clientSide = Recorder()
            let channel = try await SocketChannel.connect(
                host: host, port: listener.port, tls: contexts.client, loop: clientLoop, timeout: .seconds(10),
                maximumFrameSize: 1000)
            channel.start(clientSide)
            await clientSide.wait { frames, closed in !frames.isEmpty || closed != nil }
            resumed.append(channel.isTLSResumed)
        }
        #expect(resumed == [false, true, false])
    }

    @Test func anUnknownAuthorityIsNamedAsTheReason() async throws {
        let other = try CertificateAuthority()
        let contexts = try TLSContexts(client: { settings, _ in settings.trust = .authorities(other.certificate) })
        guard case .tls(.unknownAuthority) = try await self.failure(contexts) else {
            Issue.record("\(String(describing: try await self.failure(contexts)))")
            return
        }
    }

    @Test func anIntermediateAuthorityIsTrustedWithoutItsRootForItsOwnCertificatesOnly() async throws {
        let root = try CertificateAuthority(name: "root")
        let intermediate = try root.intermediate(name: "intermediate")
        let other = try root.intermediate(name: "another intermediate")
        for (trusted, isBelieved) in [(root, true), (intermediate, true), (other, false)] {
            let contexts = try TLSContexts(
                issued: { _ in try intermediate.issue() },
                client: { settings, _ in settings.trust = .authorities(trusted.certificate) })
            let failure = try await self.failure(contexts)
            #expect(isBelieved ? failure == nil : self.isUnknownAuthority(failure), "\(String(describing: failure))")
        }
    }

    /// For brokers with self-signed certificates, or that are trusted individually.
    @Test func aServersOwnCertificateIsTrustedWithoutItsAuthority() async throws {
        let authority = try CertificateAuthority(name: "nobody's authority")
        let (server, stranger) = (try authority.issue(), try authority.issue())
        for (trusted, isBelieved) in [(server, true), (stranger, false)] {
            let store = try trusted.pkcs12(password: "changeit")
            let contexts = try TLSContexts(
                issued: { _ in server },
                client: { settings, _ in settings.trust = .pkcs12(store, password: "changeit") })
            let failure = try await self.failure(contexts)
            #expect(isBelieved ? failure == nil : self.isUnknownAuthority(failure), "\(String(describing: failure))")
        }
    }

    private func isUnknownAuthority(_ failure: TransportError?) -> Bool {
        if case .tls(.unknownAuthority) = failure { true } else { false }
    }

    @Test func anExpiredOrFutureCertificateIsNamedAsTheReason() async throws {
        for validity in [-7200 ... -3600, 3600...7200] {
            let contexts = try TLSContexts(issued: { try $0.issue(validity: validity) })
            guard case .tls(.expired) = try await self.failure(contexts) else {
                Issue.record("\(String(describing: try await self.failure(contexts)))")
                return
            }
        }
    }

    @Test func anotherHostNameIsRefusedWithTheNamesInTheCertificate() async throws {
        let contexts = try TLSContexts(issued: {
            try $0.issue(hosts: ["DNS:kafka.example", "DNS:*.b.example", "IP:10.1.2.3"])
        })
        for host in ["127.0.0.1", "localhost"] {
            #expect(
                try await self.failure(contexts, host: host)
                    == .tls(.nameMismatch(expected: "\(host)", names: ["kafka.example", "*.b.example", "10.1.2.3"])))
        }
    }

    private static let hasIPv6Loopback: Bool = {
        guard let loop = try? EventLoop(name: "IPv6") else { return false }
        defer { loop.shutdown() }
        return (try? Listener(host: "::1", port: 0, loop: loop, maximumFrameSize: 1) { _ in }) != nil
    }()

    @Test(.enabled(if: Self.hasIPv6Loopback, "this machine has no IPv6 loopback address"))
    func anIPv6AddressInTheCertificateIsTrusted() async throws {
        let good = try TLSContexts(issued: { try $0.issue(hosts: ["DNS:kafka.example", "IP:::1"]) })
        #expect(try await self.failure(good, host: "::1", address: "::1") == nil)
        let bad = try TLSContexts(issued: { try $0.issue(hosts: ["IP:fd12:3456:789a:1:2:3:4:5", "IP:127.0.0.1"]) })
        #expect(
            try await self.failure(bad, host: "::1", address: "::1")
                == .tls(.nameMismatch(expected: "::1", names: ["fd12:3456:789a:1:2:3:4:5", "127.0.0.1"])))
    }

    /// Many hand-made certificates have an address as the common name, which doesn't count for addresses.
    @Test(arguments: ["127.0.0.1", "kafka.b.example"])
    func aCommonNameAloneIsNotAcceptedForAnAddress(name: String) async throws {
        let contexts = try TLSContexts(issued: { try $0.issue(name: name, hosts: []) })
        let failure = try await self.failure(contexts)
        #expect(failure == .tls(.nameMismatch(expected: "127.0.0.1", names: [], commonName: name)))
        #expect(failure?.description.contains("only has the common name \"\(name)\"") == true)
    }

    /// RFC 9525, section 6.3: a wildcard is the whole of the first label, and matches exactly one.
    @Test(arguments: [
        ("*.b.example", "kafka.b.example", true), ("*.b.example", "KAFKA.B.EXAMPLE", true),
        ("*.b.example", "1.kafka.b.example", false), ("*.b.example", "b.example", false),
        ("k*.b.example", "kafka.b.example", false), ("kafka.*.example", "kafka.b.example", false),
        ("*", "kafka.b.example", false),
    ])
    func aWildcardMatchesOneLabel(name: String, host: String, isBelieved: Bool) async throws {
        let contexts = try TLSContexts(issued: { try $0.issue(name: "x", hosts: ["DNS:\(name)"]) })
        let resolver = NameResolver(maximumThreads: 1) { _, port in
            .success([SocketAddress.numeric(host: "127.0.0.1", port: port)].compactMap(\.self))
        }
        let failure = try await self.failure(contexts, host: host, resolver: resolver)
        #expect(failure == (isBelieved ? nil : .tls(.nameMismatch(expected: host, names: [name]))))
    }

    @Test func withoutHostNameVerificationAnotherNameIsAccepted() async throws {
        let contexts = try TLSContexts(
            issued: { try $0.issue(hosts: ["DNS:kafka.example"]) },
            client: { settings, _ in settings.verification = .authorityOnly })
        #expect(try await self.failure(contexts) == nil)
    }

    @Test func withoutVerificationAnyCertificateIsAccepted() async throws {
        let other = try CertificateAuthority()
        let contexts = try TLSContexts(
            issued: { try $0.issue(hosts: [], validity: -7200 ... -3600) },
            client: { settings, _ in
                settings.trust = .authorities(other.certificate)
                settings.verification = .none
            })
        #expect(try await self.failure(contexts) == nil)
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13])
    func aMissingClientCertificateIsReportedToTheClient(version: TLSSettings.Version) async throws {
        let contexts = try TLSContexts(server: {
            $0.requiresClientCertificate = true
            $0.maximumVersion = version
        })
        #expect(try await self.failure(contexts) == .tls(.certificateMissing))
    }

    @Test(arguments: [TLSSettings.Version.tls12, .tls13])
    func anUntrustedClientCertificateIsReportedToTheClient(version: TLSSettings.Version) async throws {
        let other = try CertificateAuthority(name: "another authority")
        let contexts = try TLSContexts(
            server: {
                $0.requiresClientCertificate = true
                $0.maximumVersion = version
            },
            client: { settings, _ in settings.identity = try other.issue(name: "stranger", hosts: []).identity })
        guard case .tls(let failure) = try await self.failure(contexts), failure.isAboutOwnCertificate else {
            Issue.record("\(String(describing: try await self.failure(contexts)))")
            return
        }
    }

    @Test func aClientCertificateIsPresented() async throws {
        let contexts = try TLSContexts(
            server: { $0.requiresClientCertificate = true },
            client: { settings, authority in settings.identity = try authority.issue(name: "client", hosts: []).identity
            })
        #expect(try await self.failure(contexts) == nil)
    }

    @Test func aServerThatSpeaksNoTLSIsRecognized() async throws {
        let server = try AcceptingServer { channel in
            channel.start(Recorder())
            channel.sendUnframed { [Bytes("HTTP/1.1 400 Bad Request\r\n\r\n")] }
        }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let contexts = try TLSContexts()
        let error = await #expect(throws: TransportError.self) {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: server.listener.port, tls: contexts.client, loop: loop, timeout: .seconds(10),
                maximumFrameSize: 1000)
        }
        guard case .tls(.notTLS(let first)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(first.starts(with: Array("HTTP/".utf8)))
        await server.end()
    }

    @Test func aServerThatClosesInsteadOfAnsweringIsRecognized() async throws {
        let server = try AcceptingServer { $0.close() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let contexts = try TLSContexts()
        let error = await #expect(throws: TransportError.self) {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: server.listener.port, tls: contexts.client, loop: loop, timeout: .seconds(10),
                maximumFrameSize: 1000)
        }
        let isRecognized =
            switch error {
            case .tls(.closedInHandshake), .reset: true
            default: false
            }
        #expect(isRecognized, "\(String(describing: error))")
        await server.end()
    }

    /// Servers with several names choose a certificate by the name in the ClientHello (SNI). It contains neither
    /// addresses nor the trailing dot of a fully qualified name (RFC 6066).
    @Test(arguments: [("kafka.b.example", true), ("kafka.b.example.", true), ("127.0.0.1", false)])
    func theHostNameIsSentInTheClientHello(host: String, isSaid: Bool) async throws {
        let greeting = Recorder()
        let server = try AcceptingServer { $0.start(greeting, unframed: true) }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let contexts = try TLSContexts()
        let port = server.listener.port
        let resolver = NameResolver(maximumThreads: 1) { _, port in
            .success([SocketAddress.numeric(host: "127.0.0.1", port: port)].compactMap(\.self))
        }
        let connecting = Task {
            _ = try await SocketChannel.connect(
                host: host, port: port, tls: contexts.client, loop: loop, timeout: .seconds(50),
                maximumFrameSize: 1000, resolver: resolver)
        }
        // The record's header contains the length of the ClientHello.
        await greeting.wait { pieces, _ in
            let bytes = pieces.flatMap { Array($0) }
            return bytes.count > 5 && bytes.count >= 5 + Int(bytes[3]) << 8 + Int(bytes[4])
        }
        let said = String(decoding: greeting.frames.flatMap { Array($0) }, as: UTF8.self)
        #expect(said.contains(host == "127.0.0.1" ? host : "kafka.b.example") == isSaid)
        #expect(!said.contains("kafka.b.example."))
        connecting.cancel()
        _ = await connecting.result
        await server.end()
    }

    @Test func aStalledHandshakeEndsAtItsDeadline() async throws {
        // Like a plaintext listener, it takes the ClientHello for the length of a frame, which may be 1 GiB long.
        let server = try AcceptingServer(limit: 1 << 30) { $0.start(Recorder()) }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let contexts = try TLSContexts()
        await #expect(throws: TransportError.tls(.timedOut)) {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: server.listener.port, tls: contexts.client, loop: loop,
                timeout: .seconds(2), maximumFrameSize: 1000)
        }
        await server.end()
    }

    @Test func aCancelledHandshakeEnds() async throws {
        let server = try AcceptingServer(limit: 1 << 30) { $0.start(Recorder()) }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let contexts = try TLSContexts()
        let port = server.listener.port
        let task = Task {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: port, tls: contexts.client, loop: loop, timeout: .seconds(60),
                maximumFrameSize: 1000)
        }
        _ = await server.channels(1)
        task.cancel()
        let result = await task.result
        #expect(throws: TransportError.cancelled) { try result.get() }
        await server.end()
    }
}
