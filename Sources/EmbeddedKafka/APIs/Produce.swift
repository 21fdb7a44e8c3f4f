// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

enum ProduceEndpoint: Endpoint {
    static let name = "Produce"

    static func access(_ request: ProduceRequest) -> Access { .byItem }

    static func handle(_ request: ProduceRequest, _ call: Call) {
        if let id = request.transactionalId, !call.permits(.write, .transactionalID(id)) {
            return self.fail(request, .transactionalIdAuthorizationFailed, call)
        }
        var response = ProduceResponse()
        var hasError = false
        var leaders: Set<Int32> = []
        for topicData in request.topicData {
            var topicResponse = ProduceResponse.TopicProduceResponse()
            topicResponse.name = topicData.name
            topicResponse.topicId = topicData.topicId
            for data in topicData.partitionData {
                var partitionResponse = self.response(index: data.index, error: .none)
                do throws(BrokerError) {
                    let partition = try self.partition(data.index, of: topicData, call)
                    do throws(BrokerError) {
                        let appended = try self.append(data.records, to: partition, request, call)
                        partitionResponse.baseOffset = appended.baseOffset
                        partitionResponse.logAppendTimeMs = appended.logAppendTime
                        partitionResponse.logStartOffset = partition.log.startOffset
                    } catch {
                        if error.code == .notLeaderOrFollower, call.version >= 10 {
                            partitionResponse.currentLeader.leaderId = partition.leader ?? -1
                            partitionResponse.currentLeader.leaderEpoch = partition.leaderEpoch
                            if let leader = partition.leader { leaders.insert(leader) }
                        }
                        throw error
                    }
                } catch {
                    hasError = true
                    partitionResponse.errorCode = error.code
                    partitionResponse.errorMessage = error.message
                    partitionResponse.recordErrors = error.records.sorted { $0.key < $1.key }.map { index, message in
                        var record = ProduceResponse.BatchIndexAndErrorMessage()
                        record.batchIndex = index
                        record.batchIndexErrorMessage = message
                        return record
                    }
                }
                topicResponse.partitionResponses.append(partitionResponse)
            }
            response.responses.append(topicResponse)
        }
        let byteCount = request.topicData.flatMap(\.partitionData).flatMap { $0.records ?? [] }
            .reduce(0) { $0 + $1.count }
        response.throttleTimeMs = call.throttle(byteCount, .producerByteRate)
        guard request.acks != 0 else {
            // With acks 0 there is no response. Like Kafka, close the connection so that the producer refreshes its
            // metadata.
            if hasError { call.closeConnection() } else { call.endWithoutAnswer() }
            return
        }
        response.nodeEndpoints = leaders.sorted().compactMap { id in
            guard let broker = call.cluster.brokers[id] else { return nil }
            var endpoint = ProduceResponse.NodeEndpoint()
            endpoint.nodeId = id
            endpoint.host = broker.host
            endpoint.port = call.port(of: broker)
            endpoint.rack = broker.rack
            return endpoint
        }
        call.answer(response)
    }

    private static func partition(
        _ index: Int32, of data: ProduceRequest.TopicProduceData, _ call: Call
    ) throws(BrokerError) -> Partition {
        if call.version >= 13 {
            guard let topic = call.cluster.topic(id: data.topicId) else { throw BrokerError(.unknownTopicId) }
            try call.require(.write, .topic(topic.name))
            guard let partition = topic.partition(index) else { throw BrokerError(.unknownTopicOrPartition) }
            return partition
        }
        try call.require(.write, .topic(data.name))
        guard let partition = call.cluster.topic(data.name)?.partition(index) else {
            throw BrokerError(.unknownTopicOrPartition)
        }
        return partition
    }

    private static func append(
        _ records: [Bytes]?, to partition: Partition, _ request: ProduceRequest, _ call: Call
    ) throws(BrokerError) -> PartitionLog.Appended {
        guard (-1...1).contains(request.acks) else {
            throw BrokerError(.invalidRequiredAcks, "acks is \(request.acks); it must be 0, 1 or -1.")
        }
        let cluster = call.cluster
        let batch = try BatchValidator.batch(records?.first ?? Bytes(), produceVersion: call.version)
        if let refusal = partition.refusal(at: call.broker.id, currentLeaderEpoch: -1, fromLeaderOnly: true) {
            throw BrokerError(refusal)
        }
        guard let topic = cluster.topic(partition.topicName) else { throw BrokerError(.unknownTopicOrPartition) }
        let settings = topic.settings(at: call.broker.id, in: cluster.settings)
        // As in Kafka, no more must be in sync than there are.
        let minInSync = min(settings.minInSyncReplicas, partition.replicas.count)
        if request.acks == -1, partition.inSyncReplicas.count < minInSync {
            throw BrokerError(
                .notEnoughReplicas,
                "\(partition.inSyncReplicas.count) replicas are in sync, and \(minInSync) must be.")
        }
        guard batch.bytes.count <= settings.maxBatchBytes else {
            throw BrokerError(
                .messageTooLarge,
                "The batch has \(batch.bytes.count) bytes; the topic takes \(settings.maxBatchBytes).")
        }
        let now = call.cluster.wallMilliseconds
        try BatchValidator.check(batch, settings, now: now)
        if batch.isTransactional { try self.admit(batch, to: partition, request, call) }
        let appended = try partition.log.append(
            try self.stored(batch, settings), leaderEpoch: partition.leaderEpoch, now: now,
            usesLogAppendTime: settings.usesLogAppendTime)
        if !appended.isDuplicate { cluster.appended(batch.bytes.count, to: partition, settings) }
        return appended
    }

    /// Lets a batch into its producer's transaction, unless the transaction has records in the partition already.
    private static func admit(
        _ batch: RecordBatch, to partition: Partition, _ request: ProduceRequest, _ call: Call
    ) throws(BrokerError) {
        guard let id = request.transactionalId else {
            throw BrokerError(.transactionalIdAuthorizationFailed, "The batch is part of a transaction without an ID.")
        }
        let producer = TransactionalIDState.Producer(id: batch.producerID, epoch: batch.producerEpoch)
        guard !partition.log.producers.hasOpenTransaction(producerID: producer.id, epoch: producer.epoch) else {
            return
        }
        try partition.log.producers.checkEpoch(producer.epoch, of: producer.id)
        let adds = call.version >= 12
        do throws(BrokerError) {
            try call.cluster.transactions.admit(
                producer, of: id, to: .init(topic: partition.topicName, partition: partition.index), adds: adds,
                knowsAbortable: call.version >= 11)
        } catch {
            // Older clients retry this error, and don't know the other one here.
            throw error.code == .concurrentTransactions && !adds
                ? BrokerError(.notEnoughReplicas, error.message) : error
        }
        // An earlier batch may be on its way still, because it was refused until the last transaction had ended.
        if adds, batch.baseSequence != 0, partition.log.producers.producers[producer.id] == nil {
            throw BrokerError(
                .outOfOrderSequenceNumber,
                "Producer \(producer.id) begins a transaction with sequence number \(batch.baseSequence) instead of 0.")
        }
    }

    /// Returns the batch as the topic stores it, which may be with another compression.
    private static func stored(_ batch: RecordBatch, _ settings: LogSettings) throws(BrokerError) -> RecordBatch {
        guard let compression = settings.compression, compression.codec != batch.codec else { return batch }
        do throws(RecordBatchError) {
            return try batch.rewritten(compression: compression)
        } catch {
            throw BrokerError(.unknownServerError, "The batch can't be compressed by \(compression): \(error)")
        }
    }

    private static func response(index: Int32, error: ErrorCode) -> ProduceResponse.PartitionProduceResponse {
        var response = ProduceResponse.PartitionProduceResponse()
        response.index = index
        response.errorCode = error
        response.baseOffset = -1
        return response
    }

    static func fail(_ request: ProduceRequest, _ error: ErrorCode, _ call: Call) {
        guard request.acks != 0 else {
            call.closeConnection()
            return
        }
        var response = ProduceResponse()
        response.responses = request.topicData.map { data in
            var topic = ProduceResponse.TopicProduceResponse()
            topic.name = data.name
            topic.topicId = data.topicId
            topic.partitionResponses = data.partitionData.map { self.response(index: $0.index, error: error) }
            return topic
        }
        call.answer(response)
    }
}
