// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The content of a Fetch request, in a form that can be run again while the request waits.
struct FetchQuery {
    /// The result for one partition.
    struct Part {
        var key: FetchSession.Key
        var data: FetchResponse.PartitionData
        var outcome: FetchSession.Outcome
    }

    struct Result {
        var parts: [Part] = []
        var byteCount = 0
        /// Whether a partition has an error, or news other than records, which is returned immediately.
        var hasNews = false
        /// The leaders to include in the response (KIP-951).
        var leaders: Set<Int32> = []
    }

    var wants: [(key: FetchSession.Key, want: FetchSession.Want)]
    var version: Int16
    var broker: Int32
    var maxBytes: Int
    var isReadCommitted: Bool
    var rack: String
    var offerNearestReplica: Bool
    /// Returns whether the client may read a topic.
    var mayRead: (String) -> Bool

    /// Reads the partitions in their current state, without copying records.
    func run(in cluster: EmbeddedCluster) -> Result {
        var result = Result()
        var room = self.maxBytes
        for (key, want) in self.wants {
            var data = FetchResponse.PartitionData()
            data.partitionIndex = key.partition
            data.abortedTransactions = self.isReadCommitted ? [] : nil
            var outcome = FetchSession.Outcome(highWatermark: -1, logStartOffset: -1)
            do throws(BrokerError) {
                let partition = try self.partition(key, in: cluster)
                do throws(BrokerError) {
                    try self.read(
                        partition, want, in: cluster, room: room, isFirst: result.byteCount == 0, &data, &outcome)
                } catch {
                    self.tellLeader(of: partition, error.code, &data, &result)
                    throw error
                }
            } catch {
                data.errorCode = error.code
                data.highWatermark = -1
                outcome.hasError = true
            }
            let count = (data.records ?? []).reduce(0) { $0 + $1.count }
            data.records = data.records ?? []
            result.byteCount += count
            room = max(room - count, 0)
            if outcome.hasError || outcome.hasNews { result.hasNews = true }
            result.parts.append(Part(key: key, data: data, outcome: outcome))
        }
        return result
    }

    /// Returns the partitions that the fetch waits for.
    func partitions(in cluster: EmbeddedCluster) -> [Partition] {
        self.wants.compactMap { try? self.partition($0.key, in: cluster) }
    }

    private func partition(_ key: FetchSession.Key, in cluster: EmbeddedCluster) throws(BrokerError) -> Partition {
        if self.version >= 13 {
            guard let topic = cluster.topic(id: key.topicID) else { throw BrokerError(.unknownTopicId) }
            guard self.mayRead(topic.name) else { throw BrokerError(.topicAuthorizationFailed) }
            guard let partition = topic.partition(key.partition) else { throw BrokerError(.unknownTopicOrPartition) }
            return partition
        }
        guard self.mayRead(key.topic) else { throw BrokerError(.topicAuthorizationFailed) }
        guard let partition = cluster.topic(key.topic)?.partition(key.partition) else {
            throw BrokerError(.unknownTopicOrPartition)
        }
        return partition
    }

    private func read(
        _ partition: Partition, _ want: FetchSession.Want, in cluster: EmbeddedCluster, room: Int, isFirst: Bool,
        _ data: inout FetchResponse.PartitionData, _ outcome: inout FetchSession.Outcome
    ) throws(BrokerError) {
        // From version 11 on a consumer may read from a follower (KIP-392).
        let refusal = partition.refusal(
            at: self.broker, currentLeaderEpoch: want.currentLeaderEpoch, fromLeaderOnly: self.version < 11)
        if let refusal { throw BrokerError(refusal) }
        let log = partition.log
        let limit = self.isReadCommitted ? log.lastStableOffset : log.highWatermark
        data.highWatermark = log.highWatermark
        data.lastStableOffset = log.lastStableOffset
        data.logStartOffset = log.startOffset
        outcome.highWatermark = log.highWatermark
        outcome.logStartOffset = log.startOffset
        if want.lastFetchedEpoch >= 0 {
            let end = log.epochs.end(of: want.lastFetchedEpoch, logEndOffset: log.endOffset)
            if end.epoch < want.lastFetchedEpoch || end.offset < want.fetchOffset, end != .undefined {
                data.divergingEpoch.epoch = end.epoch
                data.divergingEpoch.endOffset = end.offset
                outcome.hasNews = true
                return
            }
        }
        if let nearest = self.nearestReplica(of: partition, in: cluster) {
            data.preferredReadReplica = nearest
            outcome.hasNews = true
            return
        }
        data.records = try log.read(
            from: want.fetchOffset, maxBytes: min(Int(want.maxBytes), room), atLeastOneBatch: isFirst, before: limit)
        outcome.hasRecords = data.records?.isEmpty == false
        guard self.isReadCommitted, outcome.hasRecords else { return }
        let byteCount = (data.records ?? []).reduce(0) { $0 + $1.count }
        data.abortedTransactions = log.abortedTransactions(from: want.fetchOffset, byteCount: byteCount).map {
            var aborted = FetchResponse.AbortedTransaction()
            aborted.producerId = $0.producerID
            aborted.firstOffset = $0.firstOffset
            return aborted
        }
    }

    /// Returns a replica in the consumer's rack, if this broker is the leader, isn't in that rack, and may refer to
    /// replicas.
    private func nearestReplica(of partition: Partition, in cluster: EmbeddedCluster) -> Int32? {
        guard self.offerNearestReplica, !self.rack.isEmpty, self.version >= 11, partition.leader == self.broker,
            cluster.brokers[self.broker]?.rack != self.rack
        else { return nil }
        return partition.inSyncReplicas.first { cluster.brokers[$0]?.rack == self.rack }
    }

    private func tellLeader(
        of partition: Partition, _ error: ErrorCode, _ data: inout FetchResponse.PartitionData, _ result: inout Result
    ) {
        guard self.version >= 12, error == .notLeaderOrFollower || error == .fencedLeaderEpoch else { return }
        data.currentLeader.leaderId = partition.leader ?? -1
        data.currentLeader.leaderEpoch = partition.leaderEpoch
        if let leader = partition.leader { result.leaders.insert(leader) }
    }
}
