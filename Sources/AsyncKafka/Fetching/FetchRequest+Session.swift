// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension FetchRequest {
    /// Creates the request that a session planned, in a version of the protocol.
    init(
        _ planned: FetchSession.Request, version: Int16, _ settings: FetchSettings, maximumBytes: Int, rack: String?
    ) {
        self.init()
        self.maxWaitMs = settings.maxWait.wholeMilliseconds
        self.minBytes = Int32(clamping: settings.minBytes)
        self.maxBytes = Int32(clamping: maximumBytes)
        self.isolationLevel = settings.isolationLevel.rawValue
        if version >= 7 {
            self.sessionId = planned.sessionID
            self.sessionEpoch = planned.sessionEpoch
            for (partition, topicID) in planned.forgotten {
                if let last = self.forgottenTopicsData.indices.last,
                    version >= 13
                        ? self.forgottenTopicsData[last].topicId == topicID
                        : self.forgottenTopicsData[last].topic == partition.topic
                {
                    self.forgottenTopicsData[last].partitions.append(partition.partition)
                } else {
                    var topic = FetchRequest.ForgottenTopic()
                    if version >= 13 { topic.topicId = topicID } else { topic.topic = partition.topic }
                    topic.partitions = [partition.partition]
                    self.forgottenTopicsData.append(topic)
                }
            }
        }
        if version >= 11 { self.rackId = rack ?? "" }
        for (partition, wanted) in planned.partitions {
            var entry = FetchRequest.FetchPartition()
            entry.partition = partition.partition
            entry.fetchOffset = wanted.fetchOffset
            entry.partitionMaxBytes = wanted.maximumBytes
            if version >= 9 { entry.currentLeaderEpoch = wanted.leaderEpoch }
            // The order of the partitions is kept, so a topic may appear more than once.
            if let last = self.topics.indices.last,
                version >= 13
                    ? self.topics[last].topicId == wanted.topicID : self.topics[last].topic == partition.topic
            {
                self.topics[last].partitions.append(entry)
            } else {
                var topic = FetchRequest.FetchTopic()
                if version >= 13 { topic.topicId = wanted.topicID } else { topic.topic = partition.topic }
                topic.partitions = [entry]
                self.topics.append(topic)
            }
        }
    }
}
