// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import AsyncKafka

/// A cluster of scripted brokers with the ids 1, 2, …, whose answers to a few APIs a test specifies. They have no other APIs.
/// Broker 1 is the controller.
final class AnsweringBrokers: Sendable {
    /// The answer to one API.
    struct Answer: Sendable {
        let api: APIKey
        let versions: ClosedRange<Int16>
        let body: @Sendable (Bytes, _ version: Int16, _ broker: Int32) throws -> Bytes

        /// Answers requests of a type.
        static func to<Request: KafkaRequest>(
            _ type: Request.Type, versions: ClosedRange<Int16>? = nil,
            _ answer: @escaping @Sendable (_ request: Request, _ broker: Int32) -> Request.Response
        ) -> Answer {
            Answer(api: Request.apiKey, versions: versions ?? Request.validVersions) { bytes, version, broker in
                var reader = ByteReader(bytes)
                if Request.isFlexible(version) { _ = try reader.readTaggedFields() }
                let response = answer(try Request(from: &reader, version: version), broker)
                var writer = ByteWriter()
                if Request.Response.responseHeaderVersion(version) == 1 { try writer.writeTaggedFields([]) }
                try response.encode(into: &writer, version: version)
                return writer.finishContiguous()
            }
        }
    }

    private let servers = Lock<[ScriptedBroker]>([])
    private let answers: [Answer]
    private let log = Lock<[(api: APIKey, broker: Int32)]>([])

    private init(_ answers: [Answer]) {
        self.answers = answers
    }

    /// Runs `body` with an admin client of the brokers.
    static func withAdmin(
        brokers: Int32 = 1, _ answers: Answer..., body: (AnsweringBrokers, KafkaAdminClient) async throws -> Void
    ) async throws {
        let cluster = AnsweringBrokers(answers)
        defer { for server in cluster.servers.withLock({ $0 }) { server.stop() } }
        for broker in 1...brokers {
            let server = try ScriptedBroker { [weak cluster] request, _ in
                (try? cluster?.reply(to: request, at: broker)) ?? .close
            }
            cluster.servers.withLock { $0.append(server) }
        }
        var configuration = KafkaClientConfiguration(
            bootstrapServers: cluster.servers.withLock { $0.map(\.address) })
        configuration.log = SilentLog()
        try await KafkaAdminClient.withAdminClient(configuration) { try await body(cluster, $0) }
    }

    /// The brokers that were asked by requests of a type, in the order of the requests.
    func asked<Request: KafkaRequest>(_ type: Request.Type) -> [Int32] {
        self.log.withLock { log in log.filter { $0.api == Request.apiKey }.map(\.broker) }
    }

    private func reply(to request: ScriptedBroker.Received, at broker: Int32) throws -> ScriptedBroker.Reply {
        self.log.withLock { $0.append((api: request.api, broker: broker)) }
        if let answer = self.answers.first(where: { $0.api == request.api }) {
            return .body(try answer.body(request.rest, request.version, broker))
        }
        switch request.api {
        case .apiVersions:
            let others = self.answers.map { ($0.api, $0.versions) }
            return .body(
                try .apiVersions([(.apiVersions, 0...4), (.metadata, 0...8)] + others, version: request.version))
        case .metadata:
            return .body(try Bytes(self.metadata(), version: request.version))
        default:
            return .close
        }
    }

    private func metadata() -> MetadataResponse {
        var response = MetadataResponse()
        response.controllerId = 1
        response.brokers = self.servers.withLock { servers in
            servers.enumerated().map { index, server in
                var broker = MetadataResponse.MetadataResponseBroker()
                broker.nodeId = Int32(index + 1)
                broker.host = "127.0.0.1"
                broker.port = Int32(server.port)
                return broker
            }
        }
        return response
    }
}
