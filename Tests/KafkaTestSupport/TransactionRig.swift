// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
package import KafkaProtocol

/// Requests of a transactional producer, in chosen versions.
package final class TransactionRig {
    /// A producer by its ID and epoch.
    package struct Producer: Hashable, Sendable {
        package var id: Int64
        package var epoch: Int16

        package init(id: Int64, epoch: Int16) {
            self.id = id
            self.epoch = epoch
        }
    }

    package let client: RawClient
    package var id: String
    /// The version of transactions, which is 2 from Kafka 4.0 on.
    package let version: Int
    package var producer: Producer
    /// The topic of the records, and that of the committed offsets.
    package var topic: String
    /// The time of all records in milliseconds.
    package let timestamp: Int64

    package init(
        client: RawClient, id: String = "x", version: Int = 2, producer: Producer = .init(id: -1, epoch: -1),
        topic: String = "t", timestamp: Int64 = 1000
    ) {
        self.client = client
        self.id = id
        self.version = version
        self.producer = producer
        self.topic = topic
        self.timestamp = timestamp
    }

    /// Returns another instance of the producer, which doesn't notice what this one does.
    package func copy(epoch change: Int16 = 0) -> TransactionRig {
        TransactionRig(
            client: self.client, id: self.id, version: self.version,
            producer: .init(id: self.producer.id, epoch: self.producer.epoch + change), topic: self.topic,
            timestamp: self.timestamp)
    }

    /// Initializes the producer, which continues as `expected` if that is given (KIP-360).
    package func initialize(
        continuing expected: Producer? = nil, version: Int16 = 5, timeout: Int32 = 60_000
    ) async throws -> ErrorCode {
        var request = InitProducerIdRequest()
        request.transactionalId = self.id
        request.transactionTimeoutMs = timeout
        if let expected {
            request.producerId = expected.id
            request.producerEpoch = expected.epoch
        }
        let response = try await self.client.ask(request, version: version)
        if response.errorCode == .none { self.producer = .init(id: response.producerId, epoch: response.producerEpoch) }
        return response.errorCode
    }

    /// Produces one record. Version 12 of Produce adds the partition to the transaction.
    ///
    /// - Parameters:
    ///   - isTransactional: Whether the batch says that it is part of a transaction.
    ///   - hasID: Whether the request has the transactional ID.
    package func produce(
        _ value: String, partition: Int32 = 0, sequence: Int32 = 0, version: Int16? = nil,
        isTransactional: Bool = true, hasID: Bool = true
    ) async throws -> ErrorCode {
        var builder = RecordBatchBuilder()
        _ = try builder.append(key: nil, value: Bytes(value), headers: [], timestamp: self.timestamp, limit: .max)
        try builder.close(compression: .none)
        var part = ProduceRequest.PartitionProduceData()
        part.index = partition
        part.records = builder.finish(
            producerID: self.producer.id, producerEpoch: self.producer.epoch, baseSequence: sequence,
            isTransactional: isTransactional)
        var data = ProduceRequest.TopicProduceData()
        data.name = self.topic
        data.partitionData = [part]
        var request = ProduceRequest()
        request.transactionalId = hasID ? self.id : nil
        request.acks = -1
        request.timeoutMs = 10_000
        request.topicData = [data]
        let response = try await self.client.ask(request, version: version ?? (self.version == 2 ? 12 : 11))
        return response.responses[0].partitionResponses[0].errorCode
    }

    /// Adds partitions, or asks whether they have been added, which other brokers do from version 4 on.
    package func add(
        _ partitions: Int32..., topic: String? = nil, version: Int16 = 3, verifyOnly: Bool = false
    ) async throws -> [ErrorCode] {
        var wanted = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic()
        wanted.name = topic ?? self.topic
        wanted.partitions = partitions
        var request = AddPartitionsToTxnRequest()
        if version >= 4 {
            var transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction()
            transaction.transactionalId = self.id
            transaction.producerId = self.producer.id
            transaction.producerEpoch = self.producer.epoch
            transaction.verifyOnly = verifyOnly
            transaction.topics = [wanted]
            request.transactions = [transaction]
        } else {
            request.v3AndBelowTransactionalId = self.id
            request.v3AndBelowProducerId = self.producer.id
            request.v3AndBelowProducerEpoch = self.producer.epoch
            request.v3AndBelowTopics = [wanted]
        }
        let response = try await self.client.ask(request, version: version)
        if response.errorCode != .none { return [response.errorCode] }
        let topics =
            version >= 4 ? response.resultsByTransaction.flatMap(\.topicResults) : response.resultsByTopicV3AndBelow
        return topics.flatMap(\.resultsByPartition).sorted { $0.partitionIndex < $1.partitionIndex }
            .map(\.partitionErrorCode)
    }

    package func addOffsets(of group: String, version: Int16 = 4) async throws -> ErrorCode {
        var request = AddOffsetsToTxnRequest()
        request.transactionalId = self.id
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.groupId = group
        return try await self.client.ask(request, version: version).errorCode
    }

    /// Commits an offset of partition 0 of the topic.
    package func commit(
        _ offset: Int64, of group: String, version: Int16, topicID: KafkaUUID = .zero, partition: Int32 = 0,
        generation: Int32 = -1, memberID: String = "", instanceID: String? = nil, metadata: String = "m"
    ) async throws -> ErrorCode {
        var part = TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition()
        part.partitionIndex = partition
        part.committedOffset = offset
        part.committedMetadata = metadata
        var topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
        topic.name = version < 6 ? self.topic : ""
        topic.topicId = version < 6 ? .zero : topicID
        topic.partitions = [part]
        var request = TxnOffsetCommitRequest()
        request.transactionalId = self.id
        request.groupId = group
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.generationIdOrMemberEpoch = generation
        request.memberId = memberID
        request.groupInstanceId = instanceID
        request.topics = [topic]
        return try await self.client.ask(request, version: version).topics[0].partitions[0].errorCode
    }

    package func end(isCommit: Bool, version: Int16? = nil) async throws -> ErrorCode {
        var request = EndTxnRequest()
        request.transactionalId = self.id
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.committed = isCommit
        let response = try await self.client.ask(request, version: version ?? (self.version == 2 ? 5 : 4))
        if response.producerId >= 0 { self.producer = .init(id: response.producerId, epoch: response.producerEpoch) }
        return response.errorCode
    }

    /// Writes the marker of an abort, as an administrator does (KIP-664).
    package func abortByMarker(
        in partitions: Int32..., coordinatorEpoch: Int32 = 0, version: Int16 = 1, transactionVersion: Int8 = 0
    ) async throws -> [ErrorCode] {
        var topic = WriteTxnMarkersRequest.WritableTxnMarkerTopic()
        topic.name = self.topic
        topic.partitionIndexes = partitions
        var marker = WriteTxnMarkersRequest.WritableTxnMarker()
        marker.producerId = self.producer.id
        marker.producerEpoch = self.producer.epoch
        marker.coordinatorEpoch = coordinatorEpoch
        marker.transactionVersion = transactionVersion
        marker.topics = [topic]
        var request = WriteTxnMarkersRequest()
        request.markers = [marker]
        let parts = try await self.client.ask(request, version: version).markers[0].topics[0].partitions
        return parts.sorted { $0.partitionIndex < $1.partitionIndex }.map(\.errorCode)
    }

    package func described() async throws -> DescribeTransactionsResponse.TransactionState {
        var request = DescribeTransactionsRequest()
        request.transactionalIds = [self.id]
        return try await self.client.ask(request, version: 0).transactionStates[0]
    }
}

extension RawClient {
    /// Returns what a consumer receives from partition 0 of a topic, without markers.
    package func read(
        _ topic: String = "t", isCommitted: Bool, from offset: Int64 = 0
    ) async throws -> (values: [String], aborted: [Int64]?, stable: Int64) {
        var part = FetchRequest.FetchPartition()
        part.fetchOffset = offset
        part.partitionMaxBytes = 1 << 20
        var wanted = FetchRequest.FetchTopic()
        wanted.topic = topic
        wanted.partitions = [part]
        var request = FetchRequest()
        request.minBytes = 1
        request.isolationLevel = isCommitted ? 1 : 0
        request.topics = [wanted]
        let answer = try await self.ask(request, version: 12).responses[0].partitions[0]
        var values: [String] = []
        var reader = RecordBatchReader(Bytes((answer.records ?? []).flatMap { Array($0) }))
        while let batch = try reader.next() {
            if batch.isControl { continue }
            let records = try batch.records()
            var iterator = records.makeIterator()
            while let record = try iterator.next() {
                values.append(String(decoding: records.value(of: record) ?? Bytes(), as: UTF8.self))
            }
        }
        return (values, answer.abortedTransactions?.map(\.firstOffset).sorted(), answer.lastStableOffset)
    }

    /// Returns the offset that a group has committed for partition 0 of a topic, or -1.
    package func committed(
        _ group: String, topic: String = "t", requireStable: Bool = false
    ) async throws -> (offset: Int64, error: ErrorCode) {
        var named = OffsetFetchRequest.OffsetFetchRequestTopics()
        named.name = topic
        named.partitionIndexes = [0]
        var wanted = OffsetFetchRequest.OffsetFetchRequestGroup()
        wanted.groupId = group
        wanted.topics = [named]
        var request = OffsetFetchRequest()
        request.groups = [wanted]
        request.requireStable = requireStable
        let answer = try await self.ask(request, version: 8).groups[0]
        guard let part = answer.topics.first?.partitions.first else { return (-1, answer.errorCode) }
        return (part.committedOffset, part.errorCode)
    }
}
