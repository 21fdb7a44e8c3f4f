// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A partition: its log, and which brokers have it. It belongs to the cluster's loop.
///
/// All replicas share one log, so each of them has everything at once, and a new leader goes on where the last one
/// stopped.
final class Partition {
    let topicName: String
    let topicID: KafkaUUID
    let index: Int32
    let log = PartitionLog()
    /// The preferred leader first.
    var replicas: [Int32]
    /// Replicas on brokers that run.
    var inSyncReplicas: [Int32]
    private(set) var leader: Int32?
    private(set) var leaderEpoch: Int32 = 0
    /// Fetches that wait for something to happen here, by their numbers.
    var waitingFetches: [Int: WaitingFetch] = [:]

    init(topicName: String, topicID: KafkaUUID, index: Int32, replicas: [Int32], leader: Int32?) {
        self.topicName = topicName
        self.topicID = topicID
        self.index = index
        self.replicas = replicas
        self.inSyncReplicas = leader.map { [$0] } ?? []
        self.leader = leader
        self.log.begin(epoch: 0)
    }

    /// Another broker leads from now on, or none; each change is a new epoch.
    func lead(by broker: Int32?) {
        self.leader = broker
        self.leaderEpoch += 1
        if broker != nil { self.log.begin(epoch: self.leaderEpoch) }
    }

    /// Why `broker` doesn't serve this partition to one who believes in `currentLeaderEpoch` (-1: no belief).
    func refusal(at broker: Int32, currentLeaderEpoch: Int32, fromLeaderOnly: Bool) -> ErrorCode? {
        if currentLeaderEpoch >= 0 {
            if currentLeaderEpoch < self.leaderEpoch { return .fencedLeaderEpoch }
            if currentLeaderEpoch > self.leaderEpoch { return .unknownLeaderEpoch }
        }
        if self.leader == broker { return nil }
        if !fromLeaderOnly, self.leader != nil, self.inSyncReplicas.contains(broker) { return nil }
        return .notLeaderOrFollower
    }
}
