// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import KafkaProtocol
import Testing

@testable import AsyncKafka

@Suite struct TelemetrySubscriptionTests {
    /// What the client makes of a broker's answer.
    private func subscription(
        _ change: (inout GetTelemetrySubscriptionsResponse) -> Void
    ) throws -> TelemetrySubscription {
        var response = GetTelemetrySubscriptionsResponse()
        change(&response)
        let metadata = ClusterMetadata(version: 1, clusterID: nil, controllerID: nil, brokers: [:], topics: [:])
        let recipient = Recipient(broker: Broker(id: 1, host: "a", port: 9092), version: 0, metadata: metadata)
        let call = GetTelemetrySubscriptionsCall(clientInstanceID: KafkaUUID(high: 1, low: 2))
        let outcomes = call.outcomes(of: response, to: [OnlyItem()], from: recipient)
        return try #require(try outcomes[OnlyItem()]?.result.get())
    }

    @Test(arguments: [
        (Int32.min, 300_000), (0, 300_000), (1, 100), (100, 100), (60_000, 60_000), (.max, Int(Int32.max)),
    ])
    func theIntervalIsNeverTooShort(sent: Int32, milliseconds: Int) throws {
        #expect(try self.subscription { $0.pushIntervalMs = sent }.interval == .milliseconds(milliseconds))
    }

    @Test(arguments: [(Int32.min, Int.max), (0, .max), (1, 1), (.max, Int(Int32.max))])
    func aBrokerMaySayNoSize(sent: Int32, bytes: Int) throws {
        #expect(try self.subscription { $0.telemetryMaxBytes = sent }.maxBytes == bytes)
    }

    @Test func aBrokerThatNamesNoIDLeavesTheClientItsOwn() throws {
        #expect(try self.subscription { _ in }.clientInstanceID == KafkaUUID(high: 1, low: 2))
        let other = KafkaUUID(high: 3, low: 4)
        #expect(try self.subscription { $0.clientInstanceId = other }.clientInstanceID == other)
    }

    @Test(arguments: [
        ([] as [Int8], CompressionCodec.none), ([99], .none), ([99, 1], .gzip), ([1, 0], .gzip), ([0, 1], .none),
    ])
    func theFirstKnownCodecIsUsed(numbers: [Int8], codec: CompressionCodec) throws {
        #expect(try self.subscription { $0.acceptedCompressionTypes = numbers }.compression == codec)
    }
}
