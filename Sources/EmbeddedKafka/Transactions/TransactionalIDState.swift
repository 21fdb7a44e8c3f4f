// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The state of a transactional ID at its coordinator (KIP-98, KIP-360, KIP-890).
///
/// It is a pure state machine with one function per event. The time of day in milliseconds and new producer IDs are
/// arguments. While it has a `marker`, the caller writes it to all partitions and then calls `complete()`. After each
/// event the caller schedules a call to `expire` at `deadline`.
struct TransactionalIDState: Equatable, Sendable {
    enum State: String, Sendable, CaseIterable {
        case empty = "Empty"
        case ongoing = "Ongoing"
        case prepareCommit = "PrepareCommit"
        case prepareAbort = "PrepareAbort"
        case completeCommit = "CompleteCommit"
        case completeAbort = "CompleteAbort"
    }

    /// A producer by its ID and the epoch, which fences earlier instances.
    struct Producer: Hashable, Sendable {
        var id: Int64
        var epoch: Int16

        /// An epoch that is too high for another bump, so that the next one takes a new producer ID.
        var isExhausted: Bool { self.epoch >= Int16.max - 1 }
    }

    /// A partition that takes part in a transaction.
    struct Place: Hashable, Sendable {
        var topic: String
        var partition: Int32
    }

    /// The end of a transaction, to be written to all its partitions.
    struct Marker: Equatable, Sendable {
        var producer: Producer
        var isCommit: Bool
        var places: Set<Place>
    }

    /// A time of day or a duration in milliseconds.
    typealias Milliseconds = Int64

    var state = State.empty
    /// The producer. Its epoch is -1 until it has been initialized.
    var producer: Producer
    /// The epoch before the last bump, by which retries of requests are recognized, or -1.
    var lastEpoch: Int16 = -1
    /// The producer ID before the last change of it, or -1.
    var previousID: Int64 = -1
    /// The producer ID that replaces an exhausted one when the transaction is complete.
    var nextID: Int64?
    /// The time after which a transaction is aborted.
    var timeout: Milliseconds = 0
    /// The partitions of the transaction. While it ends: those that still need the marker.
    var places: Set<Place> = []
    /// The time at which the last transaction began, or nil before the first one of this producer.
    var start: Milliseconds?
    /// The time of the last change, from which on an unused transactional ID expires.
    var lastChange: Milliseconds = 0
    /// The number of moves of the coordinator, which the markers have as its epoch.
    var coordinatorEpoch: Int32 = 0

    init(producerID: Int64) {
        self.producer = Producer(id: producerID, epoch: -1)
    }

    /// The time at which the transaction is aborted, or nil if none is ongoing.
    var deadline: Milliseconds? {
        guard self.state == .ongoing, let start = self.start else { return nil }
        return start + self.timeout
    }

    /// Whether the transactional ID isn't in use, and so may expire.
    var isIdle: Bool { self.state != .ongoing && self.marker == nil }

    /// The marker to write, or nil if the transaction isn't ending.
    var marker: Marker? {
        switch self.state {
        case .prepareCommit: Marker(producer: self.producer, isCommit: true, places: self.places)
        case .prepareAbort: Marker(producer: self.producer, isCommit: false, places: self.places)
        case .empty, .ongoing, .completeCommit, .completeAbort: nil
        }
    }

    // MARK: Producers

    /// Initializes a producer: fences earlier ones by a new epoch.
    ///
    /// An ongoing transaction is aborted, and the producer has to ask again.
    ///
    /// - Parameters:
    ///   - expected: The producer that wants to continue after an error (KIP-360), or nil for a new one.
    ///   - bumpsEpochs: Whether the cluster has transactions of version 2.
    ///   - takeID: Returns a new producer ID.
    mutating func initProducer(
        continuing expected: Producer?, timeout: Milliseconds, bumpsEpochs: Bool, takeID: () -> Int64
    ) throws(BrokerError) -> Producer {
        try self.checkEnded()
        guard expected.map(self.isOrWas) ?? true else { throw Self.fenced }
        if self.state == .ongoing {
            self.fence(bumpsEpochs: bumpsEpochs, takeID: takeID)
            throw Self.isEnding
        }
        if self.producer.isExhausted, expected.map({ $0.epoch == self.producer.epoch }) ?? true {
            self.previousID = self.producer.id
            self.lastEpoch = expected == nil ? -1 : self.producer.epoch
            self.producer = Producer(id: takeID(), epoch: 0)
        } else {
            try self.bump(from: expected?.epoch)
        }
        self.state = .empty
        self.timeout = timeout
        self.start = nil
        return self.producer
    }

    /// Returns whether a producer has this ID, or had it until its epochs were exhausted.
    private func isOrWas(_ expected: Producer) -> Bool {
        self.producer.epoch == -1 || expected.id == self.producer.id
            || (expected.id == self.previousID && expected.isExhausted)
    }

    private mutating func bump(from expected: Int16?) throws(BrokerError) {
        guard let expected else {
            self.lastEpoch = -1
            self.producer.epoch += 1
            return
        }
        if self.producer.epoch == -1 || expected == self.producer.epoch {
            self.lastEpoch = self.producer.epoch
            self.producer.epoch += 1
        } else if expected != self.lastEpoch {
            // A request with the last epoch is a retry of the one that bumped it.
            throw Self.fenced
        }
    }

    // MARK: Partitions

    /// Adds partitions to the transaction, which begins with the first one.
    mutating func add(_ places: Set<Place>, by producer: Producer, now: Milliseconds) throws(BrokerError) {
        try self.checkEnded()
        try self.check(producer)
        if self.state == .ongoing {
            self.places.formUnion(places)
        } else {
            self.state = .ongoing
            self.places = places
            self.start = now
        }
    }

    /// Throws if a partition isn't part of the transaction (KIP-890).
    func verify(_ place: Place, by producer: Producer) throws(BrokerError) {
        try self.check(producer)
        try self.checkEnded()
        guard self.state == .ongoing, self.places.contains(place) else {
            throw BrokerError(
                .transactionAbortable, "\(place.topic)-\(place.partition) is not part of the producer's transaction.")
        }
    }

    /// Throws while the last transaction ends.
    func checkEnded() throws(BrokerError) {
        guard self.marker == nil else { throw Self.isEnding }
    }

    /// Throws if another producer has the transactional ID.
    func check(_ producer: Producer) throws(BrokerError) {
        guard producer.id == self.producer.id else { throw Self.unknown }
        guard producer.epoch == self.producer.epoch else { throw Self.fenced }
    }

    // MARK: Errors

    static let fenced = BrokerError(.producerFenced, "Another producer with the transactional ID has a newer epoch.")
    private static let isEnding = BrokerError(
        .concurrentTransactions, "The last transaction has not ended everywhere yet.")
    static let unknown = BrokerError(.invalidProducerIdMapping, "The transactional ID has another producer ID.")
}
