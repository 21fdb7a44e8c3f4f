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
    /// The brokers that partitions are read from.
    func sources(now: MonotonicTime) -> Set<Int32> {
        Set(self.partitions.values.compactMap { $0.isFetchable ? $0.source(now: now) : nil })
    }

    /// When a partition is to be read from its leader again, which then has to be asked.
    func nextReturnToLeader(now: MonotonicTime) -> MonotonicTime? {
        self.partitions.values.lazy.compactMap { $0.preferredReplica?.until }.filter { $0 > now }.min()
    }

    /// What to fetch from a broker now.
    ///
    /// All of its partitions or none: one that is left out of a request leaves the broker's session, to come back with the
    /// next. So a broker is asked when each of its partitions has little left in the buffer. Each broker has an equal share
    /// of the buffer, since one that takes it all leaves the others without, again and again.
    ///
    /// Partitions that are asked for alone come first, one by one: they are in no session.
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
            // One that was moved since its fetch began is asked for anew.
            guard !assigned.isAwaited else { continue }
            if assigned.bufferedBytes >= assigned.lowWaterMark {
                // Not looked at further: this is done each time that a partition's records run low.
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
        let share = max(self.settings.maximumPrefetchBytes / sources.count, 1) - buffered
        guard share > 0 else { return .wait(until: nil) }
        if self.room <= 0 { self.dropPaused() }
        guard self.room > 0 else {
            self.isRoomWanted = true
            return .wait(until: nil)
        }

        let bytes = wanted.reduce(0) { $0 + Int($1.request.maximumBytes) }
        let limit = min(bytes, share, self.room, self.settings.maxFetchBytes)
        self.begin(wanted, number: number, maximumBytes: limit)
        self.busyBrokers.insert(broker)
        for fetch in wanted { self.partitions[fetch.partition]?.isAskedBeside = false }
        // Another partition comes first each time, since a full answer leaves the last ones out.
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

    /// What the buffer can take beside what is on its way.
    var room: Int { self.settings.maximumPrefetchBytes - self.bufferedBytes - self.reservedBytes }

    /// What paused partitions have buffered must not keep the others from being read.
    private mutating func dropPaused() {
        for (partition, assigned) in self.partitions where assigned.isPaused && assigned.isBuffered {
            var assigned = assigned
            self.bufferedBytes -= assigned.dropBuffer()
            assigned.incarnation += 1
            self.partitions[partition] = assigned
        }
    }

    /// A fetch has ended, with answers for some of its partitions or none. Before its answers are taken.
    @discardableResult
    mutating func fetchEnded(
        _ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, now: MonotonicTime
    ) -> Wakening {
        self.reservedBytes -= maximumBytes
        if fetches.first?.isBeside != true { self.busyBrokers.remove(broker) }
        var isOthersTurn = self.isRoomWanted
        self.isRoomWanted = false
        for fetch in fetches {
            guard let index = self.partitions.index(forKey: fetch.partition),
                self.partitions.values[index].fetchInFlight?.number == fetch.fetch
            else { continue }
            self.partitions.values[index].fetchInFlight = nil
            // Its leader's fetcher could not ask while this one did.
            if self.partitions.values[index].source(now: now) != broker { isOthersTurn = true }
        }
        return isOthersTurn ? [.fetchers] : []
    }

    /// A fetch got no answer. The replica that it went to, if it was not the leader, is not asked again.
    mutating func fetchFailed(_ fetches: [PlannedFetch], retryAt time: MonotonicTime) {
        for fetch in fetches {
            guard let index = self.partitions.index(forKey: fetch.partition) else { continue }
            // One that was moved while it was asked for beside another fetch is asked for anew at once.
            if fetch.isBeside {
                guard self.partitions.values[index].incarnation == fetch.incarnation else { continue }
                self.partitions.values[index].isAskedBeside = false
            }
            self.partitions.values[index].preferredReplica = nil
            self.partitions.values[index].notBefore = time
        }
    }

    /// Lets a fetch's partitions wait.
    mutating func delay(_ fetches: [PlannedFetch], until time: MonotonicTime) {
        for fetch in fetches where self.partitions[fetch.partition]?.incarnation == fetch.incarnation {
            self.partitions[fetch.partition]?.notBefore = time
        }
    }

    /// Takes a broker's answer for a partition, unless the partition has been moved or taken away meanwhile, or has a new
    /// leader: what the old one sent may be gone from the new one's log.
    mutating func fetched(
        _ fetch: PlannedFetch, _ answer: FetchAnswer, from broker: Int32, now: MonotonicTime, backoff: Duration
    ) -> Wakening {
        guard var assigned = self.partitions[fetch.partition], assigned.incarnation == fetch.incarnation,
            assigned.phase == .fetching, assigned.fetchPosition.offset == fetch.request.fetchOffset,
            assigned.leaderEpoch ?? -1 == fetch.request.leaderEpoch
        else { return [.fetchers] }
        defer { self.partitions[fetch.partition] = assigned }
        assigned.isAskedAlone = false
        // Whatever it is other than nothing, what follows it is asked for beside the other fetch as well.
        if fetch.isBeside { assigned.isAskedBeside = false }

        guard answer.error == .none else {
            return self.fetchRefused(
                &assigned, fetch.partition, answer.error, by: broker, now: now, retryAt: now + backoff)
        }
        assigned.notBefore = nil
        if assigned.doubtedSince != nil {
            // Below Fetch v13 the records may be another topic's of this name.
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
        guard let chunk = answer.chunk else {
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
            // Not what was asked for. Asking again at once would go on without end.
            assigned.notBefore = now + backoff
            return [.fetchers]
        }
        self.enqueue(fetch.partition)
        if let end = chunk.end { assigned.fetchPosition = end }
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
            // A follower may be behind, or ahead in deleting: only the leader knows.
            if wasFollower && assigned.leader != broker { return [.fetchers] }
            // What the reader has not had yet is still good; the offset after it is looked at when the reader has come there.
            if assigned.isBuffered || self.inHand?.partition == partition && self.inHand?.isUnfinished == true {
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
    /// The broker to read from.
    func source(now: MonotonicTime) -> Int32? {
        if let replica = self.preferredReplica, replica.until > now { return replica.broker }
        return self.leader
    }

    /// With this much in the buffer there is no need to fetch.
    var lowWaterMark: Int { max(Int(self.maximumBytes) / 2, 1) }
}
