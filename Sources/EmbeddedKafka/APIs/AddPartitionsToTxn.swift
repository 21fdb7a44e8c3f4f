// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum AddPartitionsToTxnEndpoint: Endpoint {
    static let name = "AddPartitionsToTxn"

    /// Up to version 3 producers send it. From version 4 on it is a request between brokers.
    static func access(_ request: AddPartitionsToTxnRequest) -> Access { .byItem }

    static func handle(_ request: AddPartitionsToTxnRequest, _ call: Call) {
        if call.version >= 4, !call.permits(.clusterAction, .cluster) {
            return self.fail(request, .clusterAuthorizationFailed, call)
        }
        self.answer(request, call) { transaction in
            let places = transaction.topics.flatMap { topic in
                topic.partitions.map { TransactionalIDState.Place(topic: topic.name, partition: $0) }
            }
            func all(_ error: ErrorCode) -> [TransactionalIDState.Place: ErrorCode] {
                Dictionary(places.map { ($0, error) }) { first, _ in first }
            }
            let id = transaction.transactionalId
            if call.version < 4, !call.permits(.write, .transactionalID(id)) {
                return all(.transactionalIdAuthorizationFailed)
            }
            guard !id.isEmpty else { return all(.invalidRequest) }
            let refusals = self.refusals(places, call)
            guard refusals.isEmpty else { return all(.operationNotAttempted).merging(refusals) { $1 } }
            guard call.coordinatesTransactions(of: id) else { return all(.notCoordinator) }
            let producer = TransactionalIDState.Producer(id: transaction.producerId, epoch: transaction.producerEpoch)
            if transaction.verifyOnly { return self.verify(places, producer, id, call) }
            do throws(BrokerError) {
                try call.cluster.transactions.add(Set(places), to: id, by: producer)
                return all(.none)
            } catch {
                return all(error.code == .producerFenced && call.version < 2 ? .invalidProducerEpoch : error.code)
            }
        }
    }

    private static func refusals(
        _ places: [TransactionalIDState.Place], _ call: Call
    ) -> [TransactionalIDState.Place: ErrorCode] {
        var refusals: [TransactionalIDState.Place: ErrorCode] = [:]
        for place in places {
            if call.version < 4, !call.permits(.write, .topic(place.topic)) {
                refusals[place] = .topicAuthorizationFailed
            } else if call.cluster.topic(place.topic)?.partition(place.partition) == nil {
                refusals[place] = .unknownTopicOrPartition
            }
        }
        return refusals
    }

    private static func verify(
        _ places: [TransactionalIDState.Place], _ producer: TransactionalIDState.Producer, _ id: String, _ call: Call
    ) -> [TransactionalIDState.Place: ErrorCode] {
        var results: [TransactionalIDState.Place: ErrorCode] = [:]
        for place in places {
            do throws(BrokerError) {
                try call.cluster.transactions.verify(place, in: id, by: producer)
                results[place] = ErrorCode.none
            } catch {
                results[place] = error.code
            }
        }
        return results
    }

    private static func answer(
        _ request: AddPartitionsToTxnRequest, _ call: Call,
        _ add: (AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction) -> [TransactionalIDState.Place: ErrorCode]
    ) {
        var response = AddPartitionsToTxnResponse()
        for transaction in self.transactions(of: request, call) {
            let results = add(transaction)
            var result = AddPartitionsToTxnResponse.AddPartitionsToTxnResult()
            result.transactionalId = transaction.transactionalId
            result.topicResults = transaction.topics.map { topic in
                var topicResult = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult()
                topicResult.name = topic.name
                topicResult.resultsByPartition = topic.partitions.map { index in
                    var part = AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult()
                    part.partitionIndex = index
                    let place = TransactionalIDState.Place(topic: topic.name, partition: index)
                    part.partitionErrorCode = results[place] ?? .unknownServerError
                    return part
                }
                return topicResult
            }
            if call.version >= 4 {
                response.resultsByTransaction.append(result)
            } else {
                response.resultsByTopicV3AndBelow = result.topicResults
            }
        }
        call.answer(response)
    }

    /// Returns the transactions of a request, which has only one up to version 3.
    private static func transactions(
        of request: AddPartitionsToTxnRequest, _ call: Call
    ) -> [AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction] {
        guard call.version < 4 else { return request.transactions }
        var transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction()
        transaction.transactionalId = request.v3AndBelowTransactionalId
        transaction.producerId = request.v3AndBelowProducerId
        transaction.producerEpoch = request.v3AndBelowProducerEpoch
        transaction.topics = request.v3AndBelowTopics
        return [transaction]
    }

    static func fail(_ request: AddPartitionsToTxnRequest, _ error: ErrorCode, _ call: Call) {
        guard call.version < 4 else {
            var response = AddPartitionsToTxnResponse()
            response.errorCode = error
            return call.answer(response)
        }
        self.answer(request, call) { transaction in
            var results: [TransactionalIDState.Place: ErrorCode] = [:]
            for topic in transaction.topics {
                for index in topic.partitions { results[.init(topic: topic.name, partition: index)] = error }
            }
            return results
        }
    }
}
