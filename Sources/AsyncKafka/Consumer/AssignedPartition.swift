// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// What a consumer knows of one partition that it reads.
struct AssignedPartition: Sendable {
    enum Phase: Hashable, Sendable {
        /// There is no position: the group's committed offset is to be looked up.
        case initializing
        /// There is no position: it is to be found in the log.
        case resetting(OffsetTarget)
        /// The position has to be compared with the leader's log, which another broker leads now (KIP-320).
        case validating
        /// Records are fetched and handed out.
        case fetching
    }

    var phase = Phase.initializing
    /// The next offset to be handed out. Of no meaning before the phases `validating` and `fetching`.
    var position = FetchPosition(offset: 0)
    /// Up to where the reader has processed: it has asked for the next record since, or committed. Automatic commits go by it.
    var askedPast: FetchPosition?
    /// The offset that the group is known to have committed, and since when.
    var committed: Int64?
    var committedAt: MonotonicTime?
    /// Whether it was this consumer that committed it.
    var isCommittedHere = false
    /// From here up to `position` there is nothing to read: markers of transactions, aborted records, compacted ends.
    var unseenFrom: Int64 = 0

    var isPaused = false
    /// It is about to be given up, so nothing of it is handed out any more.
    var isLeaving = false
    /// The listener has not been told yet, so nothing of it is fetched.
    var isArriving = false
    /// Somebody wants to know the position before anything is fetched.
    var isPositionWanted = false

    /// Grows when the position is moved other than by reading, so that late answers are known as such.
    var incarnation: Int
    /// A look-up is in flight.
    var isLookingUp = false
    /// After a failed look-up or fetch: when to try again.
    var notBefore: MonotonicTime?
    /// What the reader has to be told before reading goes on.
    var failure: KafkaError?

    var topicID = KafkaUUID.zero
    /// A broker doesn't know the topic: until metadata newer than this version does, it may be another one of that name.
    var doubtedSince: Int?
    var leader: Int32?
    var leaderEpoch: Int32?
    /// The replica to read from instead of the leader, and until when (KIP-392).
    var preferredReplica: (broker: Int32, until: MonotonicTime)?

    /// The next offset to fetch, after everything that is buffered.
    var fetchPosition = FetchPosition(offset: 0)
    var chunks = Deque<FetchedChunk>()
    var bufferedBytes = 0
    /// A batch that was handed out in part: its rest comes before the chunks.
    var putBack: RecordBatch?
    /// A batch of it is on its way to the reader: out of the buffer, and not yet in hand.
    var isTaken = false
    /// The number of the fetch of it that is in flight, and the incarnation that it asks for.
    var fetchInFlight: (number: Int, incarnation: Int)?
    /// It was asked for beside another fetch, and nothing was there.
    var isAskedBeside = false
    /// An answer that it was asked for in was larger than this client takes: it is asked for alone until it is answered.
    var isAskedAlone = false
    /// How often in a row it was sent elsewhere, to another replica or offset, without a record on the way.
    var detours = 0
    /// The most bytes to ask for; grows if a batch doesn't fit.
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

    /// Whether records may be handed out.
    var isReadable: Bool { self.phase == .fetching && !self.isPaused && !self.isLeaving && !self.isArriving }

    /// Whether records may be asked for: not before the reader has heard that those after the buffer can't be read.
    var isFetchable: Bool { self.isReadable && self.failure == nil && self.chunks.last?.failure == nil }

    var isBuffered: Bool { self.putBack != nil || !self.chunks.isEmpty }

    /// Whether a fetch that is in flight will bring what comes next.
    var isAwaited: Bool { self.fetchInFlight.map { $0.incarnation == self.incarnation } ?? false }

    /// Whether it has been sent elsewhere so often that the next attempt waits: a few times are granted at once.
    var isGoingInCircles: Bool { self.detours > 3 }

    /// Moves the position. What is buffered or in flight is dropped. Returns its bytes.
    mutating func move(to position: FetchPosition) -> Int {
        self.position = position
        self.askedPast = position
        self.unseenFrom = position.offset
        self.phase = .fetching
        return self.forget()
    }

    /// Gives the position up until it is found anew. Returns the bytes that were dropped.
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

    /// Drops what is buffered; it will be fetched again. Returns its bytes.
    mutating func dropBuffer() -> Int {
        defer { self.bufferedBytes = 0 }
        self.chunks = Deque()
        self.putBack = nil
        self.isTaken = false
        self.fetchPosition = self.position
        return self.bufferedBytes
    }
}
