// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

@testable import EmbeddedKafka

/// The state of a transactional ID with a clock and producer IDs from 1000 on, for one version of transactions.
final class TransactionalIDRig {
    typealias Producer = TransactionalIDState.Producer
    typealias Place = TransactionalIDState.Place

    var state = TransactionalIDState(producerID: 1000)
    var now: Int64 = 0
    let isVersion2: Bool
    private var nextID: Int64 = 1001

    init(isVersion2: Bool) {
        self.isVersion2 = isVersion2
    }

    /// Returns a rig whose producer has an epoch.
    static func initialized(isVersion2: Bool, epoch: Int16 = 0) throws(BrokerError) -> TransactionalIDRig {
        let rig = TransactionalIDRig(isVersion2: isVersion2)
        rig.state.producer.epoch = epoch - 1
        _ = try rig.initialize()
        return rig
    }

    private func event<Result>(
        _ body: (inout TransactionalIDState, () -> Int64) throws(BrokerError) -> Result
    ) throws(BrokerError) -> Result {
        var next = self.nextID
        defer { self.nextID = next }
        return try body(&self.state) {
            defer { next += 1 }
            return next
        }
    }

    func initialize(_ expected: Producer? = nil, timeout: Int64 = 60_000) throws(BrokerError) -> Producer {
        let isVersion2 = self.isVersion2
        return try self.event { state, takeID throws(BrokerError) in
            try state.initProducer(continuing: expected, timeout: timeout, bumpsEpochs: isVersion2, takeID: takeID)
        }
    }

    func add(_ partitions: Int32..., by producer: Producer? = nil) throws(BrokerError) {
        try self.state.add(
            Set(partitions.map { Place(topic: "t", partition: $0) }), by: producer ?? self.state.producer, now: self.now
        )
    }

    func end(isCommit: Bool, by producer: Producer? = nil) throws(BrokerError) -> Producer {
        let producer = producer ?? self.state.producer
        let now = self.now
        let isVersion2 = self.isVersion2
        return try self.event { state, takeID throws(BrokerError) in
            try state.end(isCommit: isCommit, by: producer, bumpsEpoch: isVersion2, now: now, takeID: takeID)
        }
    }

    func expire() -> Bool {
        let now = self.now
        let isVersion2 = self.isVersion2
        let result = try? self.event { state, takeID throws(BrokerError) in
            state.expire(now: now, bumpsEpochs: isVersion2, takeID: takeID)
        }
        return result ?? false
    }
}

/// Returns the error code that `body` throws, or `.none`.
func code(_ body: () throws(BrokerError) -> Void) -> ErrorCode {
    do throws(BrokerError) {
        try body()
        return .none
    } catch {
        return error.code
    }
}
