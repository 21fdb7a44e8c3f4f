// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct APIVersionsTests {
    @Test(arguments: ApiVersionsRequest.validVersions) func theOfferedVersionsAreListed(version: Int16) async throws {
        try await withCluster { _, client in
            let answer = try await client.ask(ApiVersionsRequest.software("test", "1.0"), version: version)
            #expect(answer.errorCode == .none)
            let fetch = answer.apiKeys.first { $0.apiKey == APIKey.fetch.rawValue }
            #expect(fetch?.minVersion == 4)
            #expect(fetch?.maxVersion == 18)
            #expect(answer.apiKeys.map(\.apiKey) == answer.apiKeys.map(\.apiKey).sorted())
        }
    }

    @Test func anUnknownVersionIsAnsweredInVersion0WithTheSupportedVersions() async throws {
        try await withCluster { _, client in
            var frame = ByteWriter()
            frame.writeInt16(APIKey.apiVersions.rawValue)
            frame.writeInt16(99)
            frame.writeInt32(1)
            frame.writeInt32(-1)
            client.sendFrame(frame.finish())
            let answer = try await client.answer(to: ApiVersionsRequest.self, version: 0, correlationID: 1)
            #expect(answer.errorCode == .unsupportedVersion)
            #expect(answer.apiKeys.map(\.apiKey) == [APIKey.apiVersions.rawValue])
            #expect(answer.apiKeys.first?.maxVersion == ApiVersionsRequest.validVersions.upperBound)
            // The connection stays open.
            let second = try await client.ask(ApiVersionsRequest.software("test", "1.0"), version: 3)
            #expect(second.errorCode == .none)
        }
    }

    @Test func aClusterCanEmulateAnOlderVersion() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.maxVersions = [.apiVersions: 2, .fetch: 10, .produce: 2]
        configuration.withheldAPIs = [.initProducerId]
        try await withCluster(configuration) { _, client in
            let answer = try await client.ask(ApiVersionsRequest(), version: 2)
            let keys = Dictionary(uniqueKeysWithValues: answer.apiKeys.map { ($0.apiKey, $0.maxVersion) })
            #expect(keys[APIKey.fetch.rawValue] == 10)
            #expect(keys[APIKey.initProducerId.rawValue] == nil)
            #expect(keys[APIKey.produce.rawValue] == nil)
            let refused = try client.send(ApiVersionsRequest.software("test", "1.0"), version: 3)
            let old = try await client.answer(to: ApiVersionsRequest.self, version: 0, correlationID: refused)
            #expect(old.errorCode == .unsupportedVersion)
            #expect(old.apiKeys.first?.maxVersion == 2)
        }
    }

    @Test func anInvalidSoftwareNameIsRefused() async throws {
        try await withCluster { _, client in
            for name in ["", "-x", "a b"] {
                let answer = try await client.ask(ApiVersionsRequest.software(name, "1.0"), version: 3)
                #expect(answer.errorCode == .invalidRequest, "'\(name)'")
            }
        }
    }

    @Test func aRequestForAnotherClusterOrBrokerIsToldToRebootstrap() async throws {
        try await withCluster { _, client in
            func code(node: Int32, cluster: String? = nil) async throws -> ErrorCode {
                var request = ApiVersionsRequest.software("test", "1.0")
                request.nodeId = node
                request.clusterId = cluster
                return try await client.ask(request, version: 5).errorCode
            }
            let codes = [try await code(node: 2), try await code(node: 1), try await code(node: 1, cluster: "another")]
            #expect(codes == [.rebootstrapRequired, .none, .rebootstrapRequired])
        }
    }

    @Test func aMalformedRequestClosesTheConnection() async throws {
        func unknownKey() -> Bytes { [0, 99, 0, 0, 0, 0, 0, 1, 255, 255] }
        func unknownVersion() -> Bytes { [0, 1, 0, 99, 0, 0, 0, 1, 255, 255] }
        func cutHeader() -> Bytes { [0, 18, 0] }
        func emptyFrame() -> Bytes { [] }
        func body(_ bytes: [UInt8]) -> Bytes { Bytes([0, 1, 0, 4, 0, 0, 0, 1, 255, 255] + bytes) }
        let frames = [
            unknownKey(), unknownVersion(), cutHeader(), emptyFrame(), body([]), body(Array(repeating: 255, count: 40)),
        ]
        for frame in frames {
            try await withCluster { _, client in
                client.sendFrame([frame])
                #expect(await client.nextFrame() == nil, "\(frame)")
            }
        }
    }

    @Test func aFrameThatIsTooLongClosesTheConnection() async throws {
        try await withCluster { _, client in
            client.sendUnframed([0x7f, 0xff, 0xff, 0xff, 0, 18])
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func requestsOnAConnectionAreAnsweredInOrder() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            // The first request waits for a record, and so does the second.
            let fetch = try client.send(FetchRequest.one("t", offset: 0, maxWait: 3_600_000), version: 12)
            let versions = try client.send(ApiVersionsRequest(), version: 0)
            await kafka.untilRequests(of: .fetch)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { other.close() }
            _ = try await other.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            _ = try await client.answer(to: FetchRequest.self, version: 12, correlationID: fetch)
            _ = try await client.answer(to: ApiVersionsRequest.self, version: 0, correlationID: versions)
        }
    }

    @Test func aThousandRequestsAtOnceAreAllAnswered() async throws {
        try await withCluster { _, client in
            for _ in 0..<1000 { try client.send(ApiVersionsRequest(), version: 0) }
            for id in 1...1000 {
                _ = try await client.answer(to: ApiVersionsRequest.self, version: 0, correlationID: Int32(id))
            }
        }
    }
}

extension ApiVersionsRequest {
    static func software(_ name: String, _ version: String) -> ApiVersionsRequest {
        var request = ApiVersionsRequest()
        request.clientSoftwareName = name
        request.clientSoftwareVersion = version
        return request
    }
}
