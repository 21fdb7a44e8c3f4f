// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Connects to a host by one of its addresses.
///
/// The first TCP connection that is established goes on to TLS and the first request, and the others are closed. If
/// that fails, the remaining addresses are tried. Attempts start one after another, as soon as one fails or has taken
/// 250 ms (RFC 8305), so that an address that drops packets costs no more than that.
package struct AddressRace: Sendable {
    /// An established connection on which nothing has been sent. The caller makes a channel of it.
    package struct Reached: Sendable {
        package let address: SocketAddress
        /// The deadline for the handshake and the first response.
        package let deadline: MonotonicTime
        fileprivate let index: Int
        fileprivate let socket: Socket
        fileprivate let host: String
        fileprivate let port: Int
        fileprivate let loop: EventLoop
    }

    private let host: String
    private let port: Int
    private let loop: EventLoop
    private let options: SocketOptions
    private let resolver: NameResolver
    private var attempts: AddressAttempts

    package var addresses: [SocketAddress] { self.attempts.addresses }

    /// Resolves the host's name.
    package init(
        host: String, port: Int, loop: EventLoop, deadline: MonotonicTime, options: SocketOptions = SocketOptions(),
        resolver: NameResolver
    ) async throws(TransportError) {
        self.host = host
        self.port = port
        self.loop = loop
        self.options = options
        self.resolver = resolver
        self.attempts = try await resolver.attempts(host: host, port: port, on: loop, deadline: deadline)
    }

    /// Connects to one of the addresses that have not failed. Returns nil if no address or no time is left.
    package mutating func next(
        onFailure: (SocketAddress, TransportError) -> Void
    ) async throws(TransportError) -> Reached? {
        let result = await self.race()
        for (index, error) in result.failures {
            guard error.mayDependOnAddress else {
                result.winner?.socket.close()
                throw error
            }
            self.failed(index)
            onFailure(self.addresses[index], error)
        }
        guard let winner = result.winner else { return nil }
        for index in result.slow {
            self.attempts.putLast(index)
            self.resolver.note(self.addresses[index], isGood: false)
        }
        return Reached(
            address: self.addresses[winner.index], deadline: self.attempts.shareEnd(now: self.loop.now),
            index: winner.index, socket: winner.socket, host: self.host, port: self.port, loop: self.loop)
    }

    /// Reports that a step after connecting failed. The address isn't tried again, and comes last the next time.
    package mutating func failed(_ reached: Reached) {
        self.failed(reached.index)
    }

    /// Reports that the connection reached the server.
    package func succeeded(_ reached: Reached) {
        self.resolver.note(reached.address, isGood: true)
    }

    private mutating func failed(_ index: Int) {
        self.attempts.failed(index)
        if self.addresses.count > 1 { self.resolver.note(self.addresses[index], isGood: false) }
    }

    // MARK: The race

    private enum Event: Sendable {
        case ended(Int, Result<Socket, TransportError>)
        /// The delay has passed since `begun` attempts had started.
        case waited(begun: Int)
    }

    private struct Outcome {
        var winner: (index: Int, socket: Socket)?
        var failures: [(index: Int, error: TransportError)] = []
        /// The addresses whose attempts started before the winner's and had not ended.
        var slow: [Int] = []
    }

    private func race() async -> Outcome {
        let remaining = self.attempts.remaining
        return await withTaskGroup(of: Event.self) { group in
            var outcome = Outcome()
            var begun = 0
            self.begin(remaining, &begun, &group)
            while let event = await group.next() {
                switch event {
                case .ended(_, .success(let socket)) where outcome.winner != nil:
                    socket.close()
                case .ended(let index, .success(let socket)):
                    outcome.winner = (index, socket)
                    let failed = outcome.failures.map(\.index)
                    outcome.slow = remaining.prefix { $0 != index }.filter { !failed.contains($0) }
                    group.cancelAll()
                // Attempts that the winner cancelled have not failed.
                case .ended(_, .failure) where outcome.winner != nil:
                    break
                case .ended(let index, .failure(let error)):
                    outcome.failures.append((index, error))
                    // No address is left, or none can be reached, so end the delays that are pending too.
                    if !error.mayDependOnAddress || outcome.failures.count == remaining.count {
                        group.cancelAll()
                    } else {
                        self.begin(remaining, &begun, &group)
                    }
                case .waited(begun):
                    self.begin(remaining, &begun, &group)
                // Another attempt has started since, because one failed.
                case .waited:
                    break
                }
            }
            return outcome
        }
    }

    /// Starts an attempt for the next address, if there is one, and the delay after which the one after it starts.
    private func begin(_ remaining: [Int], _ begun: inout Int, _ group: inout TaskGroup<Event>) {
        let now = self.loop.now
        guard begun < remaining.count, self.attempts.mayBegin(now: now, isFirst: begun == 0),
            begun == 0 || !group.isCancelled
        else { return }
        let index = remaining[begun]
        begun += 1
        let count = begun
        group.addTask { [self] in .ended(index, await self.connect(to: index)) }
        guard begun < remaining.count else { return }
        group.addTask { [loop = self.loop] in
            try? await loop.sleep(until: now + AddressAttempts.delay)
            return .waited(begun: count)
        }
    }

    private func connect(to index: Int) async -> Result<Socket, TransportError> {
        let tried = [self.addresses[index].description]
        do throws(TransportError) {
            let outcome = try await ConnectionAttempt.connect(
                to: self.addresses[index], self.options, on: self.loop, deadline: self.attempts.deadline)
            return switch outcome {
            case .connected(let socket): .success(socket)
            case .failed(let code):
                .failure(.cannotConnect(host: self.host, port: self.port, errno: code, addresses: tried))
            case .timedOut: .failure(.connectTimedOut(host: self.host, port: self.port, addresses: tried))
            case .cancelled: .failure(.cancelled)
            case .loopEnded: .failure(.closedLocally)
            }
        } catch {
            return .failure(error)
        }
    }
}

extension AddressRace.Reached {
    /// Makes a channel of the connection, after the handshake if `tls` is set. Closes the connection if that fails.
    package func channel(tls: TLSContext?, maximumFrameSize: Int) async throws(TransportError) -> SocketChannel {
        guard let tls else {
            return SocketChannel(socket: self.socket, loop: self.loop, maximumFrameSize: maximumFrameSize)
        }
        do throws(TransportError) {
            let session = try TLSSession.make(tls, host: self.host, port: self.port, socket: self.socket)
            try await TLSHandshake.perform(session, on: self.socket, loop: self.loop, deadline: self.deadline)
            return SocketChannel(
                socket: self.socket, transform: session, loop: self.loop, maximumFrameSize: maximumFrameSize)
        } catch {
            self.socket.close()
            throw error
        }
    }
}
