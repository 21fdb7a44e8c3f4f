// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A consumer's state for one partition that it reads.
struct AssignedPartition: Sendable {
    enum Phase: Hashable, Sendable {
        /// There is no position yet. The group's committed offset has to be looked up.
        case initializing
        /// There is no position yet. It has to be looked up in the log.
        case resetting(OffsetTarget)
        /// The partition has a new leader, so the position has to be compared with that leader's log (KIP-320).
        case validating
        /// Records are fetched and delivered.
        case fetching
    }

    var phase = Phase.initializing
    /// The next offset to deliver. Meaningful only in the phases `validating` and `fetching`.
    var position = FetchPosition(offset: 0)
    /// The position after the records that the reader has processed: it has asked for the next one, or committed.
    /// Automatic commits use it.
    var askedPast: FetchPosition?
    /// The group's committed offset as far as known, and when it was committed or looked up.
    var committed: Int64?
    var committedAt: MonotonicTime?
    /// Whether this consumer committed it.
    var isCommittedHere = false
    /// From this offset to `position` there is nothing to read, only markers, aborted records and compacted gaps.
    var unseenFrom: Int64 = 0

    /// Where the reader was told to read, or the policy has set it, since the last commit in a transaction. A transaction that is
    /// aborted goes back to it, and to the group's committed offset otherwise.
    var origin: FetchPosition?
    /// Whether the reader has chosen the position (`seek`), and not the group or the policy.
    var isChosen = false
    /// Whether an aborted transaction has set the position back.
    var isSetBack = false

    var isPaused = false
    /// The partition is about to be given up, so no more of its records are delivered.
    var isLeaving = false
    /// `partitionsAssigned` hasn't returned yet, so nothing is fetched.
    var isArriving = false
    /// A task waits for the position, so it is looked up even while nothing may be fetched.
    var isPositionWanted = false

    /// Incremented when the position moves other than by reading, so that outdated answers are recognized.
    var incarnation: Int
    /// Whether a look-up is in flight.
    var isLookingUp = false
    /// The time of the next attempt after a failed look-up or fetch.
    var notBefore: MonotonicTime?
    /// The error to throw to the reader before reading continues.
    var failure: KafkaError?

    var topicID = KafkaUUID.zero
    /// The metadata version at which a broker didn't know the topic. Until newer metadata knows it, a topic of this
    /// name may be a different one.
    var doubtedSince: Int?
    var leader: Int32?
    var leaderEpoch: Int32?
    /// The preferred replica to read from instead of the leader, and until when (KIP-392).
    var preferredReplica: (broker: Int32, until: MonotonicTime)?

    /// The next offset to fetch, after all buffered records.
    var fetchPosition = FetchPosition(offset: 0)
    var chunks = Deque<FetchedChunk>()
    var bufferedBytes = 0
    /// The rest of a batch that was delivered in part. It comes before `chunks`.
    var putBack: FetchedBatch?
    /// Whether a batch is being handed to the reader: it has left the buffer and isn't in hand yet.
    var isTaken = false
    /// The number of the fetch in flight, and the incarnation that it fetches for.
    var fetchInFlight: (number: Int, incarnation: Int)?
    /// Whether it was fetched beside another fetch, and no records were there.
    var isAskedBeside = false
    /// Whether it is fetched alone until it is answered, because an answer that included it exceeded the maximum
    /// response size.
    var isAskedAlone = false
    /// The number of redirections to another replica or offset since the last fetched record.
    var detours = 0
    /// The maximum bytes per fetch. Doubled when a batch doesn't fit.
    var maximumBytes: Int32

    var highWatermark: Int64?
    var lastStableOffset: Int64?
    var logStartOffset: Int64?

    init(maximumBytes: Int32, incarnation: Int = 0) {
        self.maximumBytes = maximumBytes
        self.incarnation = incarnation
    }

    var hasPosition: Bool {
        switch self.phase {
        case .initializing, .resetting: false
        case .validating, .fetching: true
        }
    }

    /// Whether records may be delivered.
    var isReadable: Bool { self.phase == .fetching && !self.isPaused && !self.isLeaving && !self.isArriving }

    /// Whether records may be fetched. After an error that the reader hasn't received yet, nothing is fetched.
    var isFetchable: Bool { self.isReadable && self.failure == nil && self.chunks.last?.failure == nil }

    var isBuffered: Bool { self.putBack != nil || !self.chunks.isEmpty }

    /// Whether the fetch in flight returns the next records.
    var isAwaited: Bool { self.fetchInFlight.map { $0.incarnation == self.incarnation } ?? false }

    /// Whether it was redirected so often that the next attempt has to wait. The first few redirections are followed
    /// immediately.
    var isGoingInCircles: Bool { self.detours > 3 }

    /// Moves the position and drops what is buffered or in flight. Returns the number of dropped bytes.
    mutating func move(to position: FetchPosition) -> Int {
        self.position = position
        self.askedPast = position
        self.unseenFrom = position.offset
        self.phase = .fetching
        return self.forget()
    }

    /// Invalidates the position until it is found again. Returns the number of dropped bytes.
    mutating func reset(_ phase: Phase) -> Int {
        self.phase = phase
        self.askedPast = nil
        return self.forget()
    }

    private mutating func forget() -> Int {
        self.incarnation += 1
        self.isLookingUp = false
        self.notBefore = nil
        self.failure = nil
        self.isAskedBeside = false
        return self.dropBuffer()
    }

    /// Drops the buffered records, and ignores the answers to what is in flight, which is asked for again. Returns the number of dropped
    /// bytes.
    mutating func beginAgain() -> Int {
        self.incarnation += 1
        self.isLookingUp = false
        return self.dropBuffer()
    }

    /// Drops the buffered records, which are fetched again. Returns the number of dropped bytes.
    private mutating func dropBuffer() -> Int {
        defer { self.bufferedBytes = 0 }
        self.chunks = Deque()
        self.putBack = nil
        self.isTaken = false
        self.fetchPosition = self.position
        return self.bufferedBytes
    }
}
