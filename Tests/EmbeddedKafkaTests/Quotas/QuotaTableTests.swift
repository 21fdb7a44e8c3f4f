// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EmbeddedKafka

@Suite struct QuotaTableTests {
    private typealias Name = QuotaEntity.Name

    @Test func theMostSpecificQuotaCounts() {
        // From the most general to the most specific, as in Kafka.
        let entities = [
            QuotaEntity(clientID: .byDefault), QuotaEntity(clientID: .named("c")), QuotaEntity(user: .byDefault),
            QuotaEntity(user: .byDefault, clientID: .byDefault), QuotaEntity(user: .byDefault, clientID: .named("c")),
            QuotaEntity(user: .named("u")), QuotaEntity(user: .named("u"), clientID: .byDefault),
            QuotaEntity(user: .named("u"), clientID: .named("c")),
        ]
        var table = QuotaTable()
        #expect(table.limit(.producerByteRate, user: "u", clientID: "c") == nil)
        for (index, entity) in entities.enumerated() {
            table.set(Double(index + 1), .producerByteRate, of: entity)
            #expect(table.limit(.producerByteRate, user: "u", clientID: "c")?.perSecond == Double(index + 1))
        }
        #expect(table.limit(.producerByteRate, user: "v", clientID: "d")?.perSecond == 4)
        #expect(table.limit(.consumerByteRate, user: "u", clientID: "c") == nil)
        for entity in entities { table.set(nil, .producerByteRate, of: entity) }
        #expect(table.all.isEmpty)
    }

    @Test func aQuotaIsSharedByThoseItDoesNotDistinguish() {
        var table = QuotaTable()
        table.set(1, .producerByteRate, of: QuotaEntity(user: .named("u")))
        #expect(
            table.limit(.producerByteRate, user: "u", clientID: "c")
                == table.limit(.producerByteRate, user: "u", clientID: "d"))
        table.set(2, .producerByteRate, of: QuotaEntity(clientID: .byDefault))
        // By default, each client ID has a quota of its own.
        let first = table.limit(.producerByteRate, user: "v", clientID: "c")
        let second = table.limit(.producerByteRate, user: "v", clientID: "d")
        #expect(first?.sharedBy.clientID == "c" && second?.sharedBy.clientID == "d")
    }

    @Test func aBurstIsThrottledUntilTheRateIsWithinTheLimit() {
        var rate = ByteRate()
        rate.record(10_000, now: 5000)
        // 10 000 bytes in ten seconds are 1000 a second.
        #expect(rate.throttleTime(limit: 1000, now: 5000) == 0)
        rate.record(5000, now: 5500)
        #expect(rate.throttleTime(limit: 1000, now: 5500) == 4500)
        // It is forgotten after the window.
        rate.record(1, now: 16_500)
        #expect(rate.throttleTime(limit: 1000, now: 16_500) == 0)
    }

    @Test func permitsAreUsedUpAndComeBack() {
        var bucket = TokenBucket()
        #expect(bucket.available(perSecond: 2, now: 1000) == 22)
        bucket.take(30, perSecond: 2, now: 1000)
        #expect(bucket.available(perSecond: 2, now: 1000) == -8)
        #expect(bucket.throttleTime(perSecond: 2, now: 1000) == 4000)
        #expect(bucket.throttleTime(perSecond: 2, now: 4000) == 1000)
        #expect(bucket.throttleTime(perSecond: 2, now: 5000) == 0)
        #expect(bucket.available(perSecond: 2, now: 1_000_000) == 22)
    }
}
