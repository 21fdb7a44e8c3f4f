// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import struct order_service.Endpoint

@Suite(.timeLimit(.minutes(1)))
struct EndpointTests {
    @Test func itAnswersGetsAndNothingElse() async throws {
        try await Stage.run { stage in
            try await stage.withService { service in
                let alive = try await service.get("/live")
                #expect(alive.status == 200 && alive.body == "alive\n")
                #expect(alive.headers["content-length"] == "6" && alive.headers["connection"] == "close")
                #expect(try await service.get("/").status == 404)
                let post = await HTTPReply.exchange(["POST /live HTTP/1.1\r\n\r\n"], port: service.port)
                #expect(post?.status == 400)
                let split = await HTTPReply.exchange(["GET /live HT", "TP/1.1\r\n", "\r\n"], port: service.port)
                #expect(split?.status == 200)
            }
        }
    }

    @Test func aClientThatSendsTooMuchOrNothingDoesNotKeepOthersFromTheirAnswers() async throws {
        try await Self.withEndpoint { port in
            let header = "X: " + String(repeating: "x", count: 20_000) + "\r\n"
            #expect(await HTTPReply.exchange(["GET / HTTP/1.1\r\n", header], port: port) == nil)
            async let silent = HTTPReply.exchange(["GET"], port: port)
            #expect(await HTTPReply.get("/?a=b", port: port)?.body == "/")
            #expect(await silent == nil)
        }
    }

    @Test func aPortThatIsTakenIsReported() async throws {
        let taken = try LoopbackSocket.listening(backlog: 1)
        let error = #expect(throws: (any Error).self) { try Endpoint(address: "127.0.0.1", port: UInt16(taken.port)) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("Can't listen on port \(taken.port) (PORT chooses another one): "))
    }

    @Test func metricsAreInPrometheusesTextFormat() async throws {
        try await Stage.run { stage in
            try await stage.withService { service in
                try await stage.write([stage.order("tea")])
                _ = try await stage.enriched(1)
                let metrics = try await service.get("/metrics")
                #expect(metrics.headers["content-type"] == PrometheusText.contentType)
                let lines = metrics.body.split(separator: "\n")
                let sample = /[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.]+(e-?[0-9]+)?/
                #expect(lines.filter { !$0.hasPrefix("# ") && $0.wholeMatch(of: sample) == nil } == [])
                let types = lines.filter { $0.hasPrefix("# TYPE ") }
                #expect(types.count == Set(types).count && metrics.body.hasSuffix("\n"))
                #expect(lines.contains { $0.hasPrefix("kafka_consumer_records_total{") && $0.hasSuffix(" 1") })
                #expect(metrics.metric("orders_enriched_total") == 1)
            }
        }
    }

    private static func withEndpoint(_ body: (_ port: Int) async throws -> Void) async throws {
        let endpoint = try Endpoint(address: "127.0.0.1", port: 0)
        async let _: Void = endpoint.run { Endpoint.Answer(body: $0) }
        try await body(Int(endpoint.port))
    }
}
