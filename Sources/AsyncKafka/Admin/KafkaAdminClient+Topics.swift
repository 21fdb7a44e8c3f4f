// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The results of these calls have the errors `.authorizationFailed` if the client lacks a right, `.timedOut` if no broker
/// answers in time, `.unsupportedVersion` if the broker lacks what the call needs, `.closed` if the client is shut down,
/// `.cancelled` if the task is cancelled, and `.brokerError` if a broker refuses the item for another reason (`brokerCode`
/// has its error code).
extension KafkaAdminClient {
    /// What a call does if a topic is already in the state that the call is to bring about.
    @nonexhaustive
    public enum ConflictPolicy: Hashable, Sendable {
        /// The result of the topic is an error.
        case fail
        /// The topic counts as a success.
        case ignore
    }

    /// Creates topics.
    ///
    /// The controller has created the topics when this returns. Brokers learn of them shortly after, so a call that asks
    /// another broker may not find them at once. Producers and consumers wait for them.
    ///
    /// - Parameters:
    ///   - topics: The topics. A name may occur once.
    ///   - ifExists: Whether a topic that exists is an error, whose `brokerCode` is `.topicAlreadyExists`, or a success. The
    ///     partitions and settings of a topic that exists aren't compared or changed. Default: `.fail`.
    ///   - validateOnly: Whether the controller only checks that it could create the topics. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by name. Besides the errors of all calls, it is `.invalidArgument` for a number
    ///   that isn't positive or contradicts `assignments`, and `.unsupportedVersion` for a topic that relies on the broker's
    ///   default number of partitions or replicas with a broker below Kafka 2.4. If `isOutcomeUnknown` is true, the topic may
    ///   have been created; with `.ignore`, the library repeats the request instead.
    public func createTopics(
        _ topics: [NewTopic], ifExists: ConflictPolicy = .fail, validateOnly: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<CreatedTopic, KafkaError>] {
        var valid: [String: NewTopic] = [:]
        var results: [String: Result<CreatedTopic, KafkaError>] = [:]
        for topic in topics {
            var problem = topic.problem
            if valid[topic.name] != nil || results[topic.name] != nil { problem = "The topic is named more than once." }
            if let problem {
                valid[topic.name] = nil
                results[topic.name] = .failure(KafkaError(.invalidArgument, problem, topic: topic.name))
            } else {
                valid[topic.name] = topic
            }
        }
        let call = CreateTopicsCall(
            topics: valid, ignoresExisting: ifExists == .ignore, validateOnly: validateOnly,
            timeout: self.brokerTimeout(timeout))
        return results.merging(await self.perform(call, for: valid.keys.sorted(), timeout: timeout)) { $1 }
    }

    /// Creates the topics that don't exist, and waits until all of them can be used: what an application needs when it starts.
    ///
    /// It may be called by several applications at the same time. If all topics exist, the right to describe them is enough.
    ///
    /// - Parameters:
    ///   - topics: The topics. A topic that exists stays as it is, also if its partitions or settings differ.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The topics in the same order; ``CreatedTopic/isNew`` tells which ones this call has created.
    /// - Throws: The first error of ``KafkaAdminClient/createTopics(_:ifExists:validateOnly:timeout:)``. Other topics may have been created. `.timedOut`
    ///   or another error if a topic can't be used in time.
    @discardableResult
    public func createIfMissing(
        _ topics: [NewTopic], timeout: Duration? = nil
    ) async throws(KafkaError) -> [CreatedTopic] {
        let deadline = self.deadline(timeout)
        let call = TopicMetadataCall(includesAuthorizedOperations: false)
        let known = await self.cluster.perform(call, for: topics.map(\.name), deadline: deadline)
        let missing = topics.filter { topic in
            if case .success? = known[topic.name] { false } else { true }
        }
        let left = deadline - self.cluster.loop.now
        let created = try await self.createTopics(missing, ifExists: .ignore, timeout: max(left, .milliseconds(1)))
            .allSucceeded()
        // Brokers learn of a new topic after the controller has created it.
        for topic in topics { _ = try await self.cluster.topic(topic.name, deadline: deadline) }
        return topics.map { created[$0.name] ?? CreatedTopic(name: $0.name, isNew: false) }
    }

    /// Deletes topics with all of their records.
    ///
    /// The controller has deleted the topics when this returns. Brokers remove them shortly after.
    ///
    /// - Parameters:
    ///   - names: The names of the topics.
    ///   - ifMissing: Whether a topic that doesn't exist is an error, `.unknownTopicOrPartition`, or a success. Default:
    ///     `.fail`.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by name. The `brokerCode` is `.topicDeletionDisabled` if the brokers don't allow
    ///   the deletion of topics (`delete.topic.enable`). If `isOutcomeUnknown` is true, the topic may have been deleted; with
    ///   `.ignore`, the library repeats the request instead.
    public func deleteTopics(
        _ names: [String], ifMissing: ConflictPolicy = .fail, timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        let results = await self.deleteTopics(names.map(DeleteTopicsCall.Topic.name), ifMissing, timeout)
        return Dictionary(names.compactMap { name in results[.name(name)].map { (name, $0) } }) { $1 }
    }

    /// Deletes topics with all of their records, by id. A topic of the same name that was created since isn't deleted.
    ///
    /// - Parameters:
    ///   - ids: The ids of the topics.
    ///   - ifMissing: Whether a topic that doesn't exist is an error, `.unknownTopicOrPartition`, or a success. Default:
    ///     `.fail`.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by id, as `deleteTopics(_:ifMissing:timeout:)`. It is `.unsupportedVersion` with
    ///   brokers below Kafka 2.8.
    public func deleteTopics(
        ids: [KafkaUUID], ifMissing: ConflictPolicy = .fail, timeout: Duration? = nil
    ) async -> [KafkaUUID: Result<Void, KafkaError>] {
        let results = await self.deleteTopics(ids.map(DeleteTopicsCall.Topic.id), ifMissing, timeout)
        return Dictionary(ids.compactMap { id in results[.id(id)].map { (id, $0) } }) { $1 }
    }

    private func deleteTopics(
        _ topics: [DeleteTopicsCall.Topic], _ ifMissing: ConflictPolicy, _ timeout: Duration?
    ) async -> [DeleteTopicsCall.Topic: Result<Void, KafkaError>] {
        let call = DeleteTopicsCall(ignoresMissing: ifMissing == .ignore, timeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: topics, timeout: timeout)
    }

    /// Lists the topics that the client may describe.
    ///
    /// - Parameters:
    ///   - includeInternal: Whether topics that Kafka uses for itself are included. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The topics, sorted by name.
    /// - Throws: The errors of all calls.
    public func listTopics(
        includeInternal: Bool = false, timeout: Duration? = nil
    ) async throws(KafkaError) -> [TopicListing] {
        let metadata = try await self.perform(
            MetadataCall(interest: .all, allowsAutoTopicCreation: false), timeout: timeout)
        return metadata.topics.filter { includeInternal || !$0.isInternal }.map { topic in
            TopicListing(name: topic.name, id: topic.id == .zero ? nil : topic.id, isInternal: topic.isInternal)
        }.sorted { $0.name < $1.name }
    }

    /// Describes topics with their partitions, leaders and replicas.
    ///
    /// Topics with many partitions are requested in several parts from brokers that support this (Kafka 3.8), and so are
    /// described as they were at several moments.
    ///
    /// - Parameters:
    ///   - names: The names of the topics.
    ///   - includeAuthorizedOperations: Whether the operations that the client is authorized for are included (KIP-430).
    ///     Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by name. It is `.unknownTopicOrPartition` if the broker knows no such topic.
    public func describeTopics(
        _ names: [String], includeAuthorizedOperations: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<TopicDescription, KafkaError>] {
        let deadline = self.deadline(timeout)
        let results = await self.describeInPages(names, includeAuthorizedOperations, deadline: deadline)
        let unpaged = results.filter { _, result in
            if case .failure(let error) = result { error.code == .unsupportedVersion } else { false }
        }
        guard !unpaged.isEmpty else { return results }
        let call = TopicMetadataCall(includesAuthorizedOperations: includeAuthorizedOperations)
        return results.merging(await self.cluster.perform(call, for: Array(unpaged.keys), deadline: deadline)) { $1 }
    }

    /// Describes topics with their partitions, leaders and replicas, by id.
    ///
    /// - Parameters:
    ///   - ids: The ids of the topics.
    ///   - includeAuthorizedOperations: Whether the operations that the client is authorized for are included (KIP-430).
    ///     Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by id, without replicas that are eligible to lead. It is `.unknownTopicOrPartition` if
    ///   the broker knows no such topic, and `.unsupportedVersion` with brokers below Kafka 3.1.
    public func describeTopics(
        ids: [KafkaUUID], includeAuthorizedOperations: Bool = false, timeout: Duration? = nil
    ) async -> [KafkaUUID: Result<TopicDescription, KafkaError>] {
        let call = TopicIDMetadataCall(includesAuthorizedOperations: includeAuthorizedOperations)
        return await self.perform(call, for: ids, timeout: timeout)
    }

    private func describeInPages(
        _ names: [String], _ includeAuthorizedOperations: Bool, deadline: MonotonicTime
    ) async -> [String: Result<TopicDescription, KafkaError>] {
        var pages = TopicPages(names)
        while !pages.missing.isEmpty {
            let call = DescribeTopicPartitionsCall(
                start: pages.start, includesAuthorizedOperations: includeAuthorizedOperations)
            pages.add(await self.cluster.perform(call, for: pages.missing.sorted(), deadline: deadline))
        }
        return pages.results
    }
}

extension NewTopic {
    /// Why the topic can't be requested, or nil. What only a broker knows is left to it.
    fileprivate var problem: String? {
        if self.assignments != nil, self.partitionCount != nil || self.replicationFactor != nil {
            return "partitionCount and replicationFactor follow from assignments: leave them nil."
        }
        // In the protocol -1 stands for the broker's default, so it must not be sent by accident.
        if let count = self.partitionCount, !(1...Int(Int32.max)).contains(count) {
            return "partitionCount must be positive, or nil for the broker's default; it is \(count)."
        }
        if let factor = self.replicationFactor, !(1...Int(Int16.max)).contains(factor) {
            return "replicationFactor must be positive, or nil for the broker's default; it is \(factor)."
        }
        return self.assignments?.isEmpty == true ? "assignments names no partition." : nil
    }
}
