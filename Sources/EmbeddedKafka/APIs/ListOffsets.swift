// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ListOffsetsEndpoint: Endpoint {
    static let name = "ListOffsets"

    private static let latest: Int64 = -1
    private static let earliest: Int64 = -2
    private static let latestTimestamp: Int64 = -3
    private static let earliestLocal: Int64 = -4
    private static let latestTiered: Int64 = -5
    private static let earliestPendingUpload: Int64 = -6

    private struct Found {
        var offset: Int64 = -1
        var timestamp: Int64 = -1
        var leaderEpoch: Int32 = -1
    }

    static func access(_ request: ListOffsetsRequest) -> Access { .byItem }

    static func handle(_ request: ListOffsetsRequest, _ call: Call) {
        var seen: Set<String> = []
        var doubled: Set<String> = []
        for topic in request.topics {
            for partition in topic.partitions {
                let name = "\(topic.name)-\(partition.partitionIndex)"
                if !seen.insert(name).inserted { doubled.insert(name) }
            }
        }
        self.answer(request, call) { topic, requested throws(BrokerError) in
            try call.require(.describe, .topic(topic))
            guard !doubled.contains("\(topic)-\(requested.partitionIndex)") else { throw BrokerError(.invalidRequest) }
            guard let partition = call.cluster.topic(topic)?.partition(requested.partitionIndex) else {
                throw BrokerError(.unknownTopicOrPartition)
            }
            let refusal = partition.refusal(
                at: call.broker.id, currentLeaderEpoch: requested.currentLeaderEpoch, fromLeaderOnly: true)
            if let refusal { throw BrokerError(refusal) }
            return try self.find(
                requested.timestamp, in: partition.log, readCommitted: request.isolationLevel == 1, call)
        }
    }

    private static func find(
        _ timestamp: Int64, in log: PartitionLog, readCommitted: Bool, _ call: Call
    ) throws(BrokerError) -> Found {
        let end = readCommitted ? log.lastStableOffset : log.highWatermark
        switch timestamp {
        case self.latest:
            return Found(offset: end, leaderEpoch: log.epochs.latest)
        case self.earliest, self.earliestLocal:
            return Found(offset: log.startOffset, leaderEpoch: log.epochs.epoch(at: log.startOffset))
        case self.latestTimestamp:
            return self.found(log.recordWithLatestTimestamp(), in: log, before: end)
        case self.latestTiered, self.earliestPendingUpload:
            // This broker has no remote storage.
            return Found()
        case 0...:
            return self.found(log.firstRecord(reaching: timestamp), in: log, before: end)
        default:
            throw BrokerError(.unsupportedVersion)
        }
    }

    private static func found(
        _ record: PartitionLog.RecordPlace?, in log: PartitionLog, before end: Int64
    ) -> Found {
        guard let record, record.offset < end else { return Found() }
        return Found(
            offset: record.offset, timestamp: record.timestamp, leaderEpoch: log.epochs.epoch(at: record.offset))
    }

    private static func answer(
        _ request: ListOffsetsRequest, _ call: Call,
        _ look: (String, ListOffsetsRequest.ListOffsetsPartition) throws(BrokerError) -> Found
    ) {
        var response = ListOffsetsResponse()
        for topic in request.topics {
            var result = ListOffsetsResponse.ListOffsetsTopicResponse()
            result.name = topic.name
            for partition in topic.partitions {
                var part = ListOffsetsResponse.ListOffsetsPartitionResponse()
                part.partitionIndex = partition.partitionIndex
                do throws(BrokerError) {
                    let found = try look(topic.name, partition)
                    part.offset = found.offset
                    part.timestamp = found.timestamp
                    if call.version >= 4 { part.leaderEpoch = found.leaderEpoch }
                } catch {
                    part.errorCode = error.code
                }
                result.partitions.append(part)
            }
            response.topics.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: ListOffsetsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ throws(BrokerError) in throw BrokerError(error) }
    }
}
