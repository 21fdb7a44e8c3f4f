// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension PlannedFetch {
    init(
        _ partition: TopicPartition, _ assigned: AssignedPartition, number: Int, isBeside: Bool = false,
        isAlone: Bool = false
    ) {
        self.init(
            partition: partition,
            request: FetchSession.Partition(
                topicID: assigned.topicID, fetchOffset: assigned.fetchPosition.offset,
                leaderEpoch: assigned.leaderEpoch ?? -1, maximumBytes: assigned.maximumBytes),
            incarnation: assigned.incarnation, fetch: number, isBeside: isBeside, isAlone: isAlone)
    }
}

extension SubscriptionState {
    /// Returns the brokers that partitions are fetched from.
    func sources(now: MonotonicTime) -> Set<Int32> {
        Set(self.partitions.values.compactMap { $0.isFetchable ? $0.source(now: now) : nil })
    }

    /// Returns the next time when a partition returns from its preferred replica to its leader.
    func nextReturnToLeader(now: MonotonicTime) -> MonotonicTime? {
        self.partitions.values.lazy.compactMap { $0.preferredReplica?.until }.filter { $0 > now }.min()
    }

    /// Plans the next fetch from a broker.
    ///
    /// A fetch includes all partitions of the broker or none, because one that is omitted leaves the fetch session and
    /// has to be added again. So a broker is asked when each of its partitions has little left in the buffer. Brokers
    /// have equal shares of the buffer. Otherwise a broker that fills all of it would repeatedly leave no room for the
    /// others.
    ///
    /// Partitions that are fetched alone come first, one by one. They are in no session.
    mutating func planFetch(from broker: Int32, now: MonotonicTime) -> FetchPlan {
        var wanted: [PlannedFetch] = []
        var alone: PlannedFetch?
        var hasEnough = false
        var buffered = 0
        var sources: Set<Int32> = [broker]
        let number = self.fetches + 1
        var next: MonotonicTime?
        for (partition, assigned) in self.partitions {
            guard assigned.isFetchable, let source = assigned.source(now: now) else { continue }
            guard source == broker else {
                sources.insert(source)
                continue
            }
            buffered += assigned.bufferedBytes
            // A partition that was moved since its fetch began is fetched again.
            guard !assigned.isAwaited else { continue }
            if assigned.bufferedBytes >= assigned.lowWaterMark {
                // Return early, because this runs each time that the buffer of a partition runs low.
                guard self.hasAskedAlone else { return .wait(until: nil) }
                hasEnough = hasEnough || !assigned.isAskedAlone
                continue
            }
            if let time = assigned.notBefore, time > now {
                next = min(next ?? time, time)
                continue
            }
            if assigned.isAskedAlone {
                alone = alone ?? PlannedFetch(partition, assigned, number: number, isAlone: true)
            } else {
                wanted.append(PlannedFetch(partition, assigned, number: number))
            }
        }
        if let alone { wanted = [alone] } else if hasEnough { wanted = [] }
        guard !wanted.isEmpty else { return .wait(until: next) }
        let share = max(self.settings.maximumPrefetchBytes / sources.count, 1)
        guard buffered < share else { return .wait(until: nil) }
        if self.room <= 0 || self.held.count >= self.settings.maximumPrefetchBytes { self.dropUnreadable() }
        guard self.room > 0 else {
            self.isRoomWanted = true
            return .wait(until: nil)
        }

        let bytes = wanted.reduce(0) { $0 + Int($1.request.maximumBytes) }
        // At most half of the share, because an answer stays in memory until all of it has been read: the other half has room for the
        // next one meanwhile.
        let limit = min(bytes, share - buffered, max(share / 2, 1), self.room, self.settings.maxFetchBytes)
        self.begin(wanted, number: number, maximumBytes: limit)
        self.busyBrokers.insert(broker)
        for fetch in wanted { self.partitions[fetch.partition]?.isAskedBeside = false }
        // The order rotates, because an answer that is full omits the last partitions.
        wanted.sort { $0.partition < $1.partition }
        let first = number % wanted.count
        return .fetch(Array(wanted[first...] + wanted[..<first]), maximumBytes: limit)
    }

    mutating func begin(_ fetches: [PlannedFetch], number: Int, maximumBytes: Int) {
        self.reservedBytes += maximumBytes
        self.fetches = number
        for fetch in fetches {
            self.partitions[fetch.partition]?.fetchInFlight = (number: number, incarnation: fetch.incarnation)
        }
    }

    /// The part of the buffer that no answer takes. If only the batch in hand is left, the next records are fetched beside it, however
    /// large its answer is.
    var spareBytes: Int { self.settings.maximumPrefetchBytes - (self.bufferedBytes == 0 ? 0 : self.held.count) }

    /// The room in the buffer besides the reserved bytes of fetches in flight.
    var room: Int { self.spareBytes - self.reservedBytes }

    /// Drops the buffers of partitions that can't be read now: they are paused, are being given up, or have a position in doubt. They must
    /// not keep the others from being read.
    private mutating func dropUnreadable() {
        for (partition, assigned) in self.partitions where assigned.isBuffered && !assigned.isReadable {
            var assigned = assigned
            self.bufferedBytes -= assigned.beginAgain()
            self.partitions[partition] = assigned
        }
    }

    /// Notes the end of a fetch, before its answers are processed.
    @discardableResult
    mutating func fetchEnded(
        _ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, now: MonotonicTime
    ) -> Wakening {
        self.reservedBytes -= maximumBytes
        let isBeside = fetches.first?.isBeside == true
        if isBeside { self.fetchesBeside[broker, default: 0] -= 1 } else { self.busyBrokers.remove(broker) }
        // If the broker's own fetch has ended before one beside it, the broker's fetcher could not request the partitions of the
        // latter, and waits if it has no others.
        var isOthersTurn = self.isRoomWanted || (isBeside && !self.busyBrokers.contains(broker))
        self.isRoomWanted = false
        for fetch in fetches {
            guard let index = self.partitions.index(forKey: fetch.partition),
                self.partitions.values[index].fetchInFlight?.number == fetch.fetch
            else { continue }
            self.partitions.values[index].fetchInFlight = nil
            // The leader's fetcher could not request the partition during this fetch.
            if self.partitions.values[index].source(now: now) != broker { isOthersTurn = true }
        }
        return isOthersTurn ? [.fetchers] : []
    }

    /// Schedules the next attempt of a fetch that failed. If it was sent to a preferred replica, the leader is asked
    /// next.
    mutating func fetchFailed(_ fetches: [PlannedFetch], retryAt time: MonotonicTime) {
        for fetch in fetches {
            guard let index = self.partitions.index(forKey: fetch.partition) else { continue }
            // A partition that was moved during the fetch is fetched again immediately.
            if fetch.isBeside {
                guard self.partitions.values[index].incarnation == fetch.incarnation else { continue }
                self.partitions.values[index].isAskedBeside = false
            }
            self.partitions.values[index].preferredReplica = nil
            self.partitions.values[index].notBefore = time
        }
    }

    /// Delays the next fetch of partitions.
    mutating func delay(_ fetches: [PlannedFetch], until time: MonotonicTime) {
        for fetch in fetches where self.partitions[fetch.partition]?.incarnation == fetch.incarnation {
            self.partitions[fetch.partition]?.notBefore = time
        }
    }

    /// Processes a broker's answer for a partition. It is ignored if the partition was moved or removed meanwhile, or
    /// has a new leader, whose log may not contain what the old one sent.
    ///
    /// - Parameter whole: The answer for all partitions.
    mutating func fetched(
        _ fetch: PlannedFetch, _ answer: FetchAnswer, of whole: FetchedAnswer, from broker: Int32, now: MonotonicTime,
        backoff: Duration
    ) -> Wakening {
        guard var assigned = self.partitions[fetch.partition], assigned.incarnation == fetch.incarnation,
            assigned.phase == .fetching, assigned.fetchPosition.offset == fetch.request.fetchOffset,
            assigned.leaderEpoch ?? -1 == fetch.request.leaderEpoch
        else { return [.fetchers] }
        defer { self.partitions[fetch.partition] = assigned }
        assigned.isAskedAlone = false
        // Unless the answer is empty, the following records are fetched beside the other fetch, too.
        if fetch.isBeside { assigned.isAskedBeside = false }

        guard answer.error == .none else {
            return self.fetchRefused(
                &assigned, fetch.partition, answer.error, by: broker, now: now, retryAt: now + backoff)
        }
        assigned.notBefore = nil
        if assigned.doubtedSince != nil {
            // Below Fetch v13 the records may belong to another topic of this name.
            assigned.notBefore = now + backoff
            return [.fetchers, .metadata]
        }
        if answer.highWatermark >= 0 { assigned.highWatermark = answer.highWatermark }
        if answer.lastStableOffset >= 0 { assigned.lastStableOffset = answer.lastStableOffset }
        if answer.logStartOffset >= 0 { assigned.logStartOffset = answer.logStartOffset }
        if answer.preferredReplica >= 0, answer.preferredReplica != broker {
            assigned.preferredReplica = (
                answer.preferredReplica, until: now + self.settings.preferredReplicaLifetime
            )
            assigned.detours += 1
            if assigned.isGoingInCircles { assigned.notBefore = now + backoff }
            return [.fetchers]
        }
        assigned.detours = 0
        self.served(fetch.partition)
        guard var chunk = answer.chunk else {
            if fetch.isBeside { assigned.isAskedBeside = true }
            return []
        }
        if chunk.isCutShort {
            let doubled = assigned.maximumBytes.multipliedReportingOverflow(by: 2)
            guard assigned.maximumBytes < self.settings.maximumResponseBytes else {
                assigned.failure = KafkaError(
                    .recordTooLarge, "A record batch is larger than maxResponseSize: raise it.",
                    topic: fetch.partition.topic, partition: fetch.partition.partition)
                return [.reader]
            }
            assigned.maximumBytes = min(
                doubled.overflow ? .max : doubled.partialValue, self.settings.maximumResponseBytes)
            return [.fetchers]
        }
        guard chunk.end != nil || chunk.failure != nil else {
            if fetch.isBeside { assigned.isAskedBeside = true }
            return []
        }
        if let end = chunk.end, end.offset <= assigned.fetchPosition.offset {
            // The answer has none of the requested offsets. An immediate retry could repeat endlessly.
            assigned.notBefore = now + backoff
            return [.fetchers]
        }
        self.enqueue(fetch.partition)
        if let end = chunk.end { assigned.fetchPosition = end }
        chunk.answer = whole
        assigned.chunks.append(chunk)
        assigned.bufferedBytes += chunk.byteCount
        self.bufferedBytes += chunk.byteCount
        return fetch.isBeside ? [.reader, .fetchers] : [.reader]
    }

    private mutating func fetchRefused(
        _ assigned: inout AssignedPartition, _ partition: TopicPartition, _ error: ErrorCode, by broker: Int32,
        now: MonotonicTime, retryAt time: MonotonicTime
    ) -> Wakening {
        assigned.notBefore = time
        let wasFollower = assigned.preferredReplica != nil
        assigned.preferredReplica = nil
        let failure = KafkaError(
            error, doing: "fetching records", broker: self.metadata.brokers[broker], topic: partition.topic,
            partition: partition.partition)
        switch error {
        case .offsetOutOfRange:
            // A follower may lag, or have deleted more. Only the leader knows.
            if wasFollower && assigned.leader != broker { return [.fetchers] }
            // Records that the reader hasn't received are still valid. The offset after them is requested again when
            // the reader gets there.
            if assigned.isBuffered || assigned.isTaken || self.inHand?.partition == partition {
                return []
            }
            if case .none = self.settings.autoOffsetReset {
                assigned.failure = KafkaError(
                    .offsetOutOfRange,
                    """
                    The position \(assigned.position.offset) is not in the log any more, or not yet, and \
                    autoOffsetReset is none: seek, or set it.
                    """, brokerCode: error, topic: partition.topic, partition: partition.partition)
                return [.reader]
            }
            self.resets[partition] = PositionReset(.outsideTheLog, from: assigned)
            assigned.detours += 1
            self.beginFromPolicy(&assigned, partition)
            if assigned.isGoingInCircles { assigned.notBefore = time }
            return [.positions]
        case .unknownTopicOrPartition, .unknownTopicId, .inconsistentTopicId:
            assigned.doubtedSince = self.metadata.version
            self.refused(partition, failure, now: now)
            return [.fetchers, .metadata]
        case .topicAuthorizationFailed, .corruptMessage:
            assigned.failure = failure
            return [.reader]
        case .unknownServerError:
            self.refused(partition, failure, now: now)
            return [.fetchers]
        case _ where failure.isRetriable:
            self.refused(partition, failure, now: now)
            return [.fetchers, .metadata]
        default:
            assigned.failure = failure
            return [.reader]
        }
    }
}

extension AssignedPartition {
    /// Returns the broker to read from.
    func source(now: MonotonicTime) -> Int32? {
        if let replica = self.preferredReplica, replica.until > now { return replica.broker }
        return self.leader
    }

    /// The number of buffered bytes above which the partition isn't fetched.
    var lowWaterMark: Int { max(Int(self.maximumBytes) / 2, 1) }
}
