// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Answers that contain far more than was requested.
@Suite(.timeLimit(.minutes(1))) struct AnswerLimitTests {
    /// Returns the result of a Metadata request whose answer has one topic with this many replicas or partitions.
    private func outcome(
        asking names: [String]?, replicas: Int, partitions: Int, maxResponseSize: Int = 128 << 20
    ) async throws -> Result<Int, KafkaError> {
        var partition = MetadataResponse.MetadataResponsePartition()
        partition.replicaNodes = Array(repeating: 1, count: replicas)
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.name = "nobody asked for me"
        topic.partitions = Array(repeating: partition, count: partitions)
        var response = MetadataResponse()
        response.topics = [topic]
        let body = try Bytes(response, version: 7)
        let server = try ScriptedBroker { request, _ in
            request.api == .apiVersions
                ? try! .body(.apiVersions([(.metadata, 0...7)], version: request.version)) : .body(body)
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
        configuration.log = SilentLog()
        configuration.maxResponseSize = maxResponseSize
        let connection = try await BrokerConnection.open(
            to: server.broker, configuration: configuration, security: .plaintext, loop: loop,
            logger: Logger(SilentLog())
        ) { _, _ in }
        var request = MetadataRequest()
        request.topics = names.map { names in
            names.map { name in
                var topic = MetadataRequest.MetadataRequestTopic()
                topic.name = name
                return topic
            }
        }
        defer { connection.close(KafkaError(.closed, "The test is over.")) }
        do throws(KafkaError) {
            return .success(try await connection.request(request).topics.first?.partitions.count ?? 0)
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [(1_100_000, 1), (0, 1_100_000), (10, 110_000)])
    func anAnswerFarBeyondTheRequestedTopicsIsRejected(_ replicas: Int, _ partitions: Int) async throws {
        guard
            case .failure(let error) = try await self.outcome(asking: ["t"], replicas: replicas, partitions: partitions)
        else {
            Issue.record("decoded")
            return
        }
        #expect(error.code == .protocolError)
        #expect(error.isRetriable)
    }

    @Test func theErrorOfAnOversizedAnswerNamesTheSetting() async throws {
        let outcome = try await self.outcome(asking: ["t"], replicas: 1, partitions: 1000, maxResponseSize: 8192)
        guard case .failure(let error) = outcome else {
            Issue.record("read")
            return
        }
        #expect(error.message.contains("maxResponseSize (8192)"), "\(error.message)")
    }

    @Test func aLargeTopicIsRead() async throws {
        let read = try await self.outcome(asking: ["t"], replicas: 6, partitions: 100_000)
        #expect(try read.get() == 100_000)
    }

    @Test func aRequestForAllTopicsReturnsAllOfThem() async throws {
        let read = try await self.outcome(asking: nil, replicas: 0, partitions: 1_100_000)
        #expect(try read.get() == 1_100_000)
    }
}
