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

@Suite(.timeLimit(.minutes(2))) struct FaultTests {
    private func produce(_ value: String, _ client: RawClient) async throws -> ErrorCode {
        try await client.ask(ProduceRequest.one(try batch([value]), to: "t"), version: 9).only.errorCode
    }

    @Test func failAnswersWithTheCodeTheGivenNumberOfTimesWithoutEffect() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let fault = kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: 2)
            #expect(try await self.produce("a", client) == .notEnoughReplicas)
            #expect(try await self.produce("b", client) == .notEnoughReplicas)
            #expect(try await self.produce("c", client) == .none)
            #expect(fault.hits == 2)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 0..<1)
        }
    }

    @Test func faultsMatchByAPIBrokerConnectionAndClient() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0], clientID: "other")
            defer { other.close() }
            kafka.inject(.fail(.unknownServerError), on: .fetch)
            kafka.inject(.fail(.notEnoughReplicas), on: .produce, broker: 2)
            kafka.inject(.fail(.notEnoughReplicas), on: .produce, clientID: "another")
            #expect(try await self.produce("a", client) == .none)
            let connection = try #require(kafka.requests.last?.connection)
            kafka.inject(.fail(.invalidRecord), on: .produce, connection: connection)
            #expect(try await self.produce("b", other) == .none)
            #expect(try await self.produce("c", client) == .invalidRecord)
            kafka.inject(.fail(.invalidTimestamp), on: .produce, clientID: "other", times: nil)
            #expect(try await self.produce("d", client) == .none)
            #expect(try await self.produce("e", other) == .invalidTimestamp)
            #expect(try await self.produce("f", other) == .invalidTimestamp)
            kafka.removeFaults()
            #expect(try await self.produce("g", other) == .none)
        }
    }

    @Test func aFaultWithoutAnAPIMatchesAnyRequest() async throws {
        try await withCluster { kafka, client in
            let fault = kafka.inject(.fail(.unknownServerError), times: nil)
            let answer1 = try await client.ask(ListGroupsRequest(), version: 4).errorCode
            #expect(answer1 == .unknownServerError)
            fault.remove()
            let answer2 = try await client.ask(ListGroupsRequest(), version: 4).errorCode
            #expect(answer2 == .none)
        }
    }

    @Test func aFailedFetchKeepsItsSessionInStep() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            var request = FetchRequest.one("t", offset: 0)
            request.sessionEpoch = 0
            request.sessionId = try await client.ask(request, version: 12).sessionId
            request.topics = []
            request.sessionEpoch = 1
            kafka.inject(.fail(.notLeaderOrFollower), on: .fetch)
            let failed = try await client.ask(request, version: 12)
            #expect(failed.errorCode == .none)
            #expect(failed.only.errorCode == .notLeaderOrFollower)
            request.sessionEpoch = 2
            let after = try await client.ask(request, version: 12)
            #expect(after.errorCode == .none)
            #expect(after.only.errorCode == .none)
        }
    }

    @Test func aDelayedAnswerHasItsEffectAtOnce() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            kafka.inject(.delay(.milliseconds(50)), on: .produce)
            let start = ContinuousClock.now
            #expect(try await self.produce("a", client) == .none)
            #expect(ContinuousClock.now - start >= .milliseconds(50))
        }
    }

    @Test func aDroppedAnswerHasItsEffectAndItsConnectionIsSilent() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            kafka.inject(.dropAnswer, on: .produce)
            try client.send(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            try client.send(ApiVersionsRequest(), version: 0)
            await kafka.untilRequests(of: .produce)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { other.close() }
            #expect(try await self.produce("b", other) == .none)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 0..<2)
            #expect(!client.hasAnswer)
            #expect(kafka.requests.map(\.api) == [.produce, .produce])
        }
    }

    @Test(arguments: [false, true]) func connectionsCanBeClosedBeforeOrAfterTheEffect(after: Bool) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            kafka.inject(after ? .closeAfterWork : .closeBeforeWork, on: .produce)
            try client.send(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            #expect(await client.nextFrame() == nil)
            #expect(try await kafka.offsets(of: "t", partition: 0) == (after ? 0..<1 : 0..<0))
        }
    }

    @Test(arguments: [false, true]) func requestsAndAnswersCanBeHeld(answer: Bool) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(answer ? .holdAnswer(hold) : .hold(hold), on: .produce)
            let id = try client.send(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            await hold.untilHeld()
            #expect(try await kafka.offsets(of: "t", partition: 0) == (answer ? 0..<1 : 0..<0))
            #expect(!client.hasAnswer)
            hold.release()
            let answer = try await client.answer(to: ProduceRequest.self, version: 9, correlationID: id)
            #expect(answer.only.errorCode == .none)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 0..<1)
            #expect(hold.count == 1)
        }
    }

    @Test func aReleasedHoldHoldsNothing() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            hold.release()
            kafka.inject(.hold(hold), on: .produce)
            #expect(try await self.produce("a", client) == .none)
        }
    }

    @Test func garbageHasTheRightLengthAndCorrelationID() async throws {
        try await withCluster { kafka, client in
            let honest = try await client.ask(MetadataRequest.named([]), version: 9)
            kafka.inject(.garbage, on: .metadata)
            let id = try client.send(MetadataRequest.named([]), version: 9)
            let frame = try #require(await client.nextFrame())
            #expect(honest.brokers.count == 1)
            #expect(frame.prefix(4).elementsEqual([0, 0, 0, UInt8(id)]))
            #expect(frame.count > 4)
            #expect(frame.dropFirst(4).allSatisfy { $0 == 0xff })
        }
    }

    @Test func answersCanBeRawBytesOrTruncated() async throws {
        try await withCluster { kafka, client in
            kafka.inject(.raw([0, 0, 0, 3, 1, 2, 3]), on: .metadata)
            try client.send(MetadataRequest.named([]), version: 9)
            #expect(await client.nextFrame() == [1, 2, 3])
            kafka.inject(.cut(after: 6), on: .metadata)
            try client.send(MetadataRequest.named([]), version: 9)
            #expect(await client.nextFrame() == nil)
        }
    }

    @Test func answersCanBeReplacedOrChanged() async throws {
        try await withCluster { kafka, client in
            kafka.answer(HeartbeatRequest.self) { request, _ in
                guard request.groupId == "g" else { return nil }
                var answer = HeartbeatResponse()
                answer.errorCode = ErrorCode(rawValue: 12345)
                return answer
            }
            var request = HeartbeatRequest()
            request.groupId = "g"
            #expect(try await client.ask(request, version: 4).errorCode.rawValue == 12345)
            #expect(try await client.ask(request, version: 4).errorCode == .unknownMemberId)
            kafka.rewrite(HeartbeatRequest.self) { _, _, answer in answer.throttleTimeMs = 99 }
            let changed = try await client.ask(request, version: 4)
            #expect(changed.throttleTimeMs == 99)
            #expect(changed.errorCode == .unknownMemberId)
        }
    }

    @Test func requestsAreRecorded() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.requestLogCapacity = 3
        try await withCluster(configuration) { kafka, client in
            _ = try await client.ask(ListGroupsRequest(), version: 4)
            let first = try #require(kafka.requests.first)
            #expect(first.api == .listGroups)
            #expect("\(first.api)" == "ListGroups")
            #expect(first.version == 4)
            #expect(first.clientID == "raw")
            #expect(first.broker == 1)
            #expect(first.byteCount > 8)
            for _ in 0..<20 { _ = try await client.ask(MetadataRequest.named([]), version: 9) }
            #expect(kafka.requests.map(\.api) == [.metadata, .metadata, .metadata])
            kafka.forgetRequests()
            #expect(kafka.requests.isEmpty)
        }
    }

    @Test func waitingForARequestEndsWithTheTask() async throws {
        try await withCluster { kafka, client in
            _ = try await client.ask(ListGroupsRequest(), version: 4)
            let hold = EmbeddedKafka.Hold()
            let waiting = Task {
                await kafka.untilRequests(of: .produce)
                await hold.untilHeld()
            }
            waiting.cancel()
            await waiting.value
        }
    }
}
