// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A call that is made of every broker: its items are the brokers' ids.
private struct ListGroupsCall: Call {
    typealias Request = ListGroupsRequest

    var doing: String { "listing groups" }

    func destination(of broker: Int32) -> Destination { .broker(broker) }

    func request(for brokers: [Int32], to recipient: Recipient) throws(KafkaError) -> ListGroupsRequest {
        ListGroupsRequest()
    }

    func outcomes(
        of response: ListGroupsResponse, to brokers: [Int32], from recipient: Recipient
    ) -> [Int32: CallOutcome<[String]>] {
        let outcomes = brokers.map { broker -> (Int32, CallOutcome<[String]>) in
            guard response.errorCode == .none else {
                return (broker, self.refused(response.errorCode, broker, by: recipient))
            }
            return (broker, .done(response.groups.map(\.groupId)))
        }
        return Dictionary(outcomes) { $1 }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EveryBrokerTests {
    private let clock = TestClock()

    private func list(_ cluster: Cluster) async throws -> [Int32: Result<[String], KafkaError>] {
        let deadline = cluster.loop.now + .seconds(20)
        let brokers = try await cluster.refreshedMetadata(deadline: deadline).brokers.keys
        return await cluster.perform(ListGroupsCall(), for: brokers.sorted(), deadline: deadline)
    }

    @Test func everyBrokerIsAskedOnceAtTheSameTime() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .listGroups, times: nil)
            async let listed = self.list(cluster)
            await hold.untilHeld(3)
            hold.release()
            let results = try await listed
            #expect(results.keys.sorted() == [1, 2, 3])
            #expect(results.values.allSatisfy { (try? $0.get()) == [] })
            #expect(kafka.requests.filter { $0.api == .listGroups }.map(\.broker).sorted() == [1, 2, 3])
        }
    }

    /// A broker that can't answer has its own error, and the results of the others are there.
    @Test func aBrokerThatRefusesIsAnErrorOfItsOwn() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            kafka.inject(.fail(.clusterAuthorizationFailed), on: .listGroups, broker: 2, times: nil)
            kafka.inject(.fail(.coordinatorLoadInProgress), on: .listGroups, broker: 3)
            let results = try await self.list(cluster)
            #expect(try results[1]?.get() == [])
            let error = #expect(throws: KafkaError.self) { try results[2]?.get() }
            #expect(error?.code == .authorizationFailed)
            #expect(try results[3]?.get() == [], "a retriable error is retried at the same broker")
        }
    }

    @Test func aBrokerThatIsGoneEndsAtTheDeadlineWithItsOwnError() async throws {
        try await self.clock.withAdminOfThreeBrokers { kafka, cluster in
            let deadline = cluster.loop.now + .seconds(20)
            let brokers = try await cluster.refreshedMetadata(deadline: deadline).brokers.keys.sorted()
            try await kafka.stopBroker(2)
            let results = await cluster.perform(ListGroupsCall(), for: brokers, deadline: deadline)
            #expect(try results[1]?.get() == [])
            #expect(try results[3]?.get() == [])
            let error = #expect(throws: KafkaError.self) { try results[2]?.get() }
            #expect(error?.isRetriable == true)
        }
    }
}
