// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

@testable import AsyncKafka

/// A fault in a broker's response during authentication.
enum AuthenticationFault: CaseIterable, Sendable {
    case junk, emptyAnswer, tooFewBytes, otherAnswer, tooLong, negativeLength, junkToken, hugeToken, refusal, close
    case silence

    /// Returns the faulty response at a step, where 0 is the handshake.
    func reply(at step: Int, to request: ScriptedBroker.Received) -> ScriptedBroker.Reply {
        switch self {
        case .junk: .body(Bytes(repeatElement(0xa5, count: 40)))
        case .emptyAnswer: .body(Bytes())
        case .tooFewBytes: .frame(Bytes([1, 2] as [UInt8]))
        case .otherAnswer: .frame(Bytes([0x7f, 0, 0, 1, 0, 0, 0, 0, 0, 0] as [UInt8]))
        case .tooLong: .bytes(Bytes([0x7f, 0xff, 0xff, 0xff, 0, 0] as [UInt8]), isLast: false)
        case .negativeLength: .bytes(Bytes([0xff, 0xff, 0xff, 0xfe, 0, 0] as [UInt8]), isLast: false)
        case .junkToken: self.answer(at: step, to: request, token: Bytes((0..<200).map { UInt8($0 ^ 0x5a) }))
        case .hugeToken: self.answer(at: step, to: request, token: Bytes(repeatElement(0x2c, count: 200_000)))
        case .refusal: self.answer(at: step, to: request, error: .saslAuthenticationFailed)
        case .close: .close
        case .silence: .nothing
        }
    }

    private func answer(
        at step: Int, to request: ScriptedBroker.Received, token: Bytes = Bytes(), error: ErrorCode = .none
    ) -> ScriptedBroker.Reply {
        if step == 0 {
            var response = SaslHandshakeResponse()
            response.errorCode = error == .none ? .unsupportedSaslMechanism : error
            response.mechanisms = ["\u{1}\u{2}", ""]
            return (try? Bytes(response, version: request.version)).map { .body($0) } ?? .close
        }
        var response = SaslAuthenticateResponse()
        response.errorCode = error
        response.authBytes = token
        return (try? Bytes(response, version: request.version)).map {
            .body(Bytes((request.version >= 2 ? [0] : []) + Array($0)))
        } ?? .close
    }
}

/// A broker with a topic "t" that requires authentication and can be made to misbehave.
final class AuthenticatingBroker: Sendable {
    private struct State {
        var step = -1
        var fault: (step: Int, fault: AuthenticationFault)?
        var faults = 0
        var waiter: (count: Int, FirstResult<Void>)?
        /// The number of bytes of responses left before they are cut off.
        var left: Int?
        var offset: Int64 = 0
    }

    private let state = Lock(State())
    private let authentication: ScriptedAuthentication
    private let server = Lock<ScriptedBroker?>(nil)
    private let versions: [(APIKey, ClosedRange<Int16>)]

    /// - Parameter isTooOld: Whether it has the API versions of Kafka 2.0.
    init(isTooOld: Bool = false, clock: LoopClock = .system) throws {
        self.authentication = try ScriptedAuthentication()
        self.versions = [
            (.apiVersions, 0...4), (.metadata, 0...8), (.produce, isTooOld ? 3...6 : 3...7), (.initProducerId, 0...1),
            (.saslHandshake, 0...1), (.saslAuthenticate, 0...2),
        ]
        let server = try ScriptedBroker(clock: clock) { [weak self] request, _ in
            guard let self else { return .close }
            do {
                return try self.reply(to: request)
            } catch {
                return .close
            }
        }
        self.server.withLock { $0 = server }
    }

    var scripted: ScriptedBroker? { self.server.withLock { $0 } }

    func stop() {
        self.scripted?.stop()
    }

    /// Makes a response fail from now on. Step 0 is the handshake; the others follow.
    func fail(at step: Int, _ fault: AuthenticationFault) {
        self.state.withLock {
            $0.fault = (step, fault)
            $0.faults = 0
        }
    }

    /// Cuts off the responses of an authentication after this many bytes from now on.
    func cut(after count: Int?) {
        self.state.withLock { $0.left = count }
    }

    func recover() {
        self.state.withLock { $0.fault = nil }
    }

    /// Waits until it has failed this many times.
    func failed(_ count: Int) async {
        let result = FirstResult<Void>()
        self.state.withLock { state in
            if state.faults >= count { result.give(()) } else { state.waiter = (count, result) }
        }
        await result.value(whenCancelled: ())
    }

    // MARK: Answers

    private func reply(to request: ScriptedBroker.Received) throws -> ScriptedBroker.Reply {
        switch request.api {
        case .apiVersions:
            return .body(try Bytes.apiVersions(self.versions))
        case .saslHandshake, .saslAuthenticate:
            if let fault = self.fault(request) { return fault }
            return self.cut(try self.authentication.reply(to: request), request)
        case .initProducerId:
            var response = InitProducerIdResponse()
            response.producerId = 1
            return .body(try Bytes(response, version: request.version))
        case .metadata:
            return .body(try Bytes(self.metadata, version: request.version))
        case .produce:
            return .body(try Bytes(self.stored, version: request.version))
        default:
            return .close
        }
    }

    private func fault(_ request: ScriptedBroker.Received) -> ScriptedBroker.Reply? {
        let (reply, waiter) = self.state.withLock { state -> (ScriptedBroker.Reply?, FirstResult<Void>?) in
            state.step = request.api == .saslHandshake ? 0 : state.step + 1
            guard let fault = state.fault, fault.step == state.step else { return (nil, nil) }
            state.faults += 1
            let waiter = state.waiter.flatMap { $0.count <= state.faults ? $0.1 : nil }
            return (fault.fault.reply(at: state.step, to: request), waiter)
        }
        waiter?.give(())
        return reply
    }

    private func cut(_ reply: ScriptedBroker.Reply, _ request: ScriptedBroker.Received) -> ScriptedBroker.Reply {
        guard let left = self.state.withLock({ $0.left }) else { return reply }
        var frame: [UInt8]
        switch reply {
        case .body(let body): frame = withUnsafeBytes(of: request.correlationID.bigEndian) { Array($0) } + body
        default: return reply
        }
        frame = withUnsafeBytes(of: Int32(frame.count).bigEndian) { Array($0) } + frame
        guard frame.count > left else {
            self.state.withLock { $0.left = left - frame.count }
            return reply
        }
        return .bytes(Bytes(frame.prefix(left)), isLast: true)
    }

    private var metadata: MetadataResponse {
        var response = MetadataResponse()
        var broker = MetadataResponse.MetadataResponseBroker()
        broker.nodeId = 1
        broker.host = "127.0.0.1"
        broker.port = Int32(self.scripted?.port ?? 0)
        response.brokers = [broker]
        response.controllerId = 1
        var partition = MetadataResponse.MetadataResponsePartition()
        partition.leaderId = 1
        partition.leaderEpoch = 0
        partition.replicaNodes = [1]
        partition.isrNodes = [1]
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.name = "t"
        topic.partitions = [partition]
        response.topics = [topic]
        return response
    }

    private var stored: ProduceResponse {
        var partition = ProduceResponse.PartitionProduceResponse()
        partition.baseOffset = self.state.withLock { state in
            defer { state.offset += 1 }
            return state.offset
        }
        var topic = ProduceResponse.TopicProduceResponse()
        topic.name = "t"
        topic.partitionResponses = [partition]
        var response = ProduceResponse()
        response.responses = [topic]
        return response
    }
}
