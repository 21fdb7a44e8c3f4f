// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The quotas of the cluster's clients, and what the clients have used. Like Kafka's, each broker measures for itself.
struct ClientQuotas {
    private struct Measured: Hashable {
        var broker: Int32
        var key: QuotaTable.Key
        var sharing: QuotaTable.Sharing
    }

    /// The number of clients from which on those that are idle are forgotten.
    private static let manyClients = 1000

    var table = QuotaTable()
    private var rates: [Measured: ByteRate] = [:]
    private var buckets: [Measured: TokenBucket] = [:]

    /// Records bytes and returns the time in milliseconds for which the client must be throttled.
    ///
    /// - Parameter isTakenBack: Whether the bytes count only if the client isn't throttled, because it doesn't get them.
    mutating func record(
        _ byteCount: Int, _ key: QuotaTable.Key, of client: Client, isTakenBack: Bool = false
    ) -> Int64 {
        guard let limit = self.table.limit(key, user: client.user, clientID: client.id) else { return 0 }
        let measured = Measured(broker: client.broker, key: key, sharing: limit.sharedBy)
        if self.rates.count >= Self.manyClients { self.rates = self.rates.filter { !$0.value.isOver(now: client.now) } }
        let before = self.rates[measured] ?? ByteRate()
        var rate = before
        rate.record(Double(byteCount), now: client.now)
        let time = rate.throttleTime(limit: limit.perSecond, now: client.now)
        self.rates[measured] = time > 0 && isTakenBack ? before : rate
        return time
    }

    /// Records changes of partitions. Throws Kafka's error if the client has used up its quota and can be told so.
    ///
    /// - Parameter isStrict: Whether the client's version knows the error. Other clients are only throttled afterwards.
    mutating func recordMutations(_ count: Int, isStrict: Bool, of client: Client) throws(BrokerError) {
        let key = QuotaTable.Key.controllerMutationRate
        guard let limit = self.table.limit(key, user: client.user, clientID: client.id) else { return }
        let measured = Measured(broker: client.broker, key: key, sharing: limit.sharedBy)
        var bucket = self.buckets[measured] ?? TokenBucket()
        if isStrict, bucket.available(perSecond: limit.perSecond, now: client.now) < 0 {
            throw BrokerError(
                .throttlingQuotaExceeded, "The quota of \(limit.perSecond) partition changes a second is used up.")
        }
        bucket.take(Double(count), perSecond: limit.perSecond, now: client.now)
        self.buckets[measured] = bucket
    }

    /// Returns the time in milliseconds until a client may change partitions again.
    mutating func mutationThrottleTime(of client: Client) -> Int64 {
        let key = QuotaTable.Key.controllerMutationRate
        guard let limit = self.table.limit(key, user: client.user, clientID: client.id) else { return 0 }
        let measured = Measured(broker: client.broker, key: key, sharing: limit.sharedBy)
        return self.buckets[measured]?.throttleTime(perSecond: limit.perSecond, now: client.now) ?? 0
    }

    /// A client at a broker, and the time in monotonic milliseconds.
    struct Client {
        var user: String
        var id: String
        var broker: Int32
        var now: Int64
    }
}

extension Call {
    private var quotaClient: ClientQuotas.Client {
        ClientQuotas.Client(
            user: String(self.principal.drop { $0 != ":" }.dropFirst()), id: self.clientID, broker: self.broker.id,
            now: self.cluster.now)
    }

    /// Records bytes of a client, and throttles its connection if they are too many. Returns the time of that in
    /// milliseconds, for the response.
    ///
    /// The response is sent at once, and the next requests wait (KIP-219).
    func throttle(_ byteCount: Int, _ key: QuotaTable.Key, isTakenBack: Bool = false) -> Int32 {
        self.mute(self.cluster.quotas.record(byteCount, key, of: self.quotaClient, isTakenBack: isTakenBack))
    }

    /// The most bytes that the client can ever be given at once. More would always exceed its quota.
    func mostBytes(_ key: QuotaTable.Key) -> Int {
        let client = self.quotaClient
        let limit = self.cluster.quotas.table.limit(key, user: client.user, clientID: client.id)
        return limit.map { ByteRate.mostBytes(limit: $0.perSecond) } ?? .max
    }

    /// Counts changes of partitions. Throws Kafka's error if they are too many.
    func countMutations(_ count: Int, isStrict: Bool) throws(BrokerError) {
        try self.cluster.quotas.recordMutations(count, isStrict: isStrict, of: self.quotaClient)
    }

    /// Throttles the connection if it has changed too many partitions. Returns the time of that in milliseconds.
    func throttleMutations() -> Int32 {
        self.mute(self.cluster.quotas.mutationThrottleTime(of: self.quotaClient))
    }

    private func mute(_ time: Int64) -> Int32 {
        if time > 0 { self.connection.mute(for: .milliseconds(time)) }
        return Int32(clamping: time)
    }
}
