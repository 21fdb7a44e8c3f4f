// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import EmbeddedKafka

/// Requests of a transactional producer with the transactional ID "x", in chosen versions.
final class TransactionRig {
    let client: RawClient
    var id: String
    /// The version of transactions.
    let version: Int
    var producer: TransactionalIDState.Producer

    init(
        client: RawClient, id: String = "x", version: Int = 2,
        producer: TransactionalIDState.Producer = .init(id: -1, epoch: -1)
    ) {
        self.client = client
        self.id = id
        self.version = version
        self.producer = producer
    }

    /// Returns another instance of the producer, which doesn't notice what this one does.
    func copy() -> TransactionRig {
        TransactionRig(client: self.client, id: self.id, version: self.version, producer: self.producer)
    }

    func initialize(version: Int16 = 5, timeout: Int32 = 60_000) async throws -> ErrorCode {
        var request = InitProducerIdRequest()
        request.transactionalId = self.id
        request.transactionTimeoutMs = timeout
        let response = try await self.client.ask(request, version: version)
        if response.errorCode == .none { self.producer = .init(id: response.producerId, epoch: response.producerEpoch) }
        return response.errorCode
    }

    /// Produces one record to topic "t". Version 12 of Produce adds the partition to the transaction.
    func produce(
        _ value: String, partition: Int32 = 0, sequence: Int32 = 0, version: Int16? = nil
    ) async throws -> ErrorCode {
        let bytes = try batch(
            [value], producerID: self.producer.id, epoch: self.producer.epoch, sequence: sequence,
            isTransactional: true)
        var request = ProduceRequest.one(bytes, to: "t", partition: partition)
        request.transactionalId = self.id
        return try await self.client.ask(request, version: version ?? (self.version == 2 ? 12 : 11)).only.errorCode
    }

    func add(_ partitions: Int32..., topic: String = "t", version: Int16 = 3) async throws -> [ErrorCode] {
        var wanted = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic()
        wanted.name = topic
        wanted.partitions = partitions
        var request = AddPartitionsToTxnRequest()
        if version >= 4 {
            var transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction()
            transaction.transactionalId = self.id
            transaction.producerId = self.producer.id
            transaction.producerEpoch = self.producer.epoch
            transaction.topics = [wanted]
            request.transactions = [transaction]
        } else {
            request.v3AndBelowTransactionalId = self.id
            request.v3AndBelowProducerId = self.producer.id
            request.v3AndBelowProducerEpoch = self.producer.epoch
            request.v3AndBelowTopics = [wanted]
        }
        let response = try await self.client.ask(request, version: version)
        let topics =
            version >= 4 ? response.resultsByTransaction.flatMap(\.topicResults) : response.resultsByTopicV3AndBelow
        return topics.flatMap(\.resultsByPartition).map(\.partitionErrorCode)
    }

    func addOffsets(of group: String, version: Int16 = 4) async throws -> ErrorCode {
        var request = AddOffsetsToTxnRequest()
        request.transactionalId = self.id
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.groupId = group
        return try await self.client.ask(request, version: version).errorCode
    }

    /// Commits an offset of partition 0 of topic "t".
    func commit(
        _ offset: Int64, of group: String, version: Int16, topicID: KafkaUUID = .zero, generation: Int32 = -1,
        memberID: String = ""
    ) async throws -> ErrorCode {
        var part = TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition()
        part.committedOffset = offset
        part.committedMetadata = "m"
        var topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()
        topic.name = version < 6 ? "t" : ""
        topic.topicId = version < 6 ? .zero : topicID
        topic.partitions = [part]
        var request = TxnOffsetCommitRequest()
        request.transactionalId = self.id
        request.groupId = group
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.generationIdOrMemberEpoch = generation
        request.memberId = memberID
        request.topics = [topic]
        return try await self.client.ask(request, version: version).topics[0].partitions[0].errorCode
    }

    func end(isCommit: Bool, version: Int16? = nil) async throws -> ErrorCode {
        var request = EndTxnRequest()
        request.transactionalId = self.id
        request.producerId = self.producer.id
        request.producerEpoch = self.producer.epoch
        request.committed = isCommit
        let response = try await self.client.ask(request, version: version ?? (self.version == 2 ? 5 : 4))
        if response.producerId >= 0 { self.producer = .init(id: response.producerId, epoch: response.producerEpoch) }
        return response.errorCode
    }
}

extension RawClient {
    /// Returns what a consumer reads from partition 0 of topic "t", without records of aborted transactions.
    func read(isCommitted: Bool) async throws -> (values: [String], aborted: [Int64]?, stable: Int64) {
        var request = FetchRequest.one("t", offset: 0)
        request.isolationLevel = isCommitted ? 1 : 0
        let answer = try await self.ask(request, version: 12).only
        var values: [String] = []
        var reader = RecordBatchReader(joined(answer.records ?? []))
        while let batch = try reader.next() {
            if !batch.isControl { values += try records(in: [batch.bytes]).map(\.value) }
        }
        let aborted = answer.abortedTransactions?.map(\.firstOffset)
        return (values, aborted, answer.lastStableOffset)
    }

    func committed(_ group: String, requireStable: Bool = false) async throws -> (offset: Int64, error: ErrorCode) {
        var topic = OffsetFetchRequest.OffsetFetchRequestTopics()
        topic.name = "t"
        topic.partitionIndexes = [0]
        var wanted = OffsetFetchRequest.OffsetFetchRequestGroup()
        wanted.groupId = group
        wanted.topics = [topic]
        var request = OffsetFetchRequest()
        request.groups = [wanted]
        request.requireStable = requireStable
        let part = try await self.ask(request, version: 8).groups[0].topics[0].partitions[0]
        return (part.committedOffset, part.errorCode)
    }
}
