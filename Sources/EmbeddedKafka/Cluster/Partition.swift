// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A partition: its log, replicas and leader. It is only used on the cluster's loop.
///
/// All replicas share one log, so every replica has all records at once, and a new leader continues where the last one
/// stopped.
final class Partition {
    let topicName: String
    let topicID: KafkaUUID
    let index: Int32
    let log = PartitionLog()
    /// The brokers with replicas, the preferred leader first.
    var replicas: [Int32]
    /// The replicas on running brokers.
    var inSyncReplicas: [Int32]
    private(set) var leader: Int32?
    private(set) var leaderEpoch: Int32 = 0
    /// The fetches that wait for a change of this partition, by number.
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

    /// Makes another broker the leader, or none. Each change of the leader starts a new epoch.
    func lead(by broker: Int32?) {
        self.leader = broker
        self.leaderEpoch += 1
        if broker != nil { self.log.begin(epoch: self.leaderEpoch) }
    }

    /// Returns the error with which `broker` refuses a request for this partition, if any.
    ///
    /// `currentLeaderEpoch` is the epoch that the client knows, or -1.
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
