// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Carries the accumulator's batches to their brokers and the answers back.
///
/// There is no task for it: a request is written by the thread that completed the batch, if its broker has room for one
/// more, and otherwise by the loop, when an answer, a timer or a change of leaders makes room. The accumulator's lock is
/// not held while requests are encoded or written, or tasks resumed.
final class Sender: Sendable {
    let configuration: ProducerConfiguration
    let cluster: Cluster
    let loop: EventLoop
    let logger: Logger
    let undelivered = UndeliveredRecords()
    let failures = Lock(FailureNotices())
    let accumulator: Lock<RecordAccumulator>
    /// Whether a record's key decides its partition.
    let hashesKeys: Bool
    /// Whether partitions are chosen without asking a user's partitioner.
    let isPartitionerOurs: Bool
    /// Wakes the task that gets the producer's identity.
    let identityWanted = Signal()

    /// How many requests are written in one go before the loop takes over, so that a task that enqueues isn't made to send
    /// for all others.
    private static let requestsAtATime = 4

    init(_ configuration: ProducerConfiguration, loop: EventLoop) throws(KafkaError) {
        try configuration.validate()
        self.configuration = configuration
        self.loop = loop
        self.logger = Logger(configuration.cluster.log, [(.clientID, configuration.cluster.clientID)])
        self.cluster = try Cluster(configuration: configuration.cluster, loop: loop, logger: self.logger)
        let isRoundRobin = if case .roundRobin = configuration.partitioner.kind { true } else { false }
        self.hashesKeys = if case .standard = configuration.partitioner.kind { true } else { false }
        self.isPartitionerOurs = if case .custom = configuration.partitioner.kind { false } else { true }
        let settings = RecordAccumulator.Settings(
            batchSize: configuration.batchSize, maxRequestSize: configuration.maxRequestSize,
            linger: configuration.linger, deliveryTimeout: configuration.deliveryTimeout,
            maxInFlight: configuration.maxInFlightPerBroker, isIdempotent: configuration.enableIdempotence,
            isRoundRobin: isRoundRobin)
        self.accumulator = Lock(
            RecordAccumulator(
                settings: settings, bufferMemory: configuration.bufferMemory, undelivered: self.undelivered,
                seed: .random(in: .min ... .max)))
        self.cluster.setMetadataObserver { [weak self] metadata in self?.metadataChanged(metadata) }
    }

    // MARK: What the accumulator decides

    func perform(_ effects: RecordAccumulator.Effects) {
        if let time = effects.lingerTimer {
            _ = self.loop.schedule(at: time) { [weak self] in self?.lingerEnded() }
        }
        if let time = effects.expiryTimer {
            _ = self.loop.schedule(at: time) { [weak self] in self?.expire() }
        }
        for backoff in effects.backoffs {
            let delay = self.cluster.backoff(failures: backoff.failures)
            _ = self.loop.schedule(after: delay) { [weak self] in
                self?.endBackoff(backoff.partition, count: backoff.count)
            }
        }
        for batch in effects.released { batch.freeRecords() }
        for (batch, result) in effects.ended { self.end(batch, result) }
        if let wake = effects.wake { self.wake(wake) }
        if let broker = effects.connectedAgain {
            self.logger(.info, "Records can be sent to a broker again", [(.broker, "\(broker)")])
        }
        for (topic, size) in effects.smallerBatches {
            self.logger(
                .info, "The topic takes no batches as large as batchSize: they are split, and the next ones smaller",
                [(.topic, topic), (.size, "\(size)")])
        }
        if effects.needsIdentity { self.identityWanted.notify() }
        for topic in effects.usedTopics { _ = self.cluster.topicIfKnown(topic) }
        if effects.needsMetadata { self.cluster.requestMetadataUpdate("a partition has no known leader") }
        for broker in effects.pump { self.pump(broker) }
    }

    private func end(_ batch: ProducerBatch, _ result: BatchResult) {
        self.noteEnd(batch, result)
        batch.outcome.complete(result, count: batch.count)
    }

    /// Offers room to the tasks that wait for some, until one takes it.
    private func wake(_ first: Promise<Void>) {
        var next: Promise<Void>? = first
        while let waiting = next, !waiting.fulfill(.success(())) {
            next = self.accumulator.withLock { $0.offerRoomAgain() }.wake
        }
    }

    private func lingerEnded() {
        let now = self.loop.now
        self.perform(self.accumulator.withLock { $0.lingerEnded(now: now) })
    }

    private func expire() {
        let now = self.loop.now
        self.perform(self.accumulator.withLock { $0.expire(now: now) })
    }

    private func endBackoff(_ partition: PartitionState, count: Int) {
        self.perform(self.accumulator.withLock { $0.endBackoff(partition, count: count) })
    }

    private func metadataChanged(_ metadata: ClusterMetadata) {
        self.perform(
            self.accumulator.withLock { accumulator in
                var effects = RecordAccumulator.Effects()
                for name in accumulator.topics.keys {
                    if let topic = metadata.topics[name] { accumulator.update(topic, &effects) }
                }
                return effects
            })
    }

    /// Takes a topic that a record is for.
    func learn(_ topic: TopicMetadata) {
        self.perform(
            self.accumulator.withLock { accumulator in
                var effects = RecordAccumulator.Effects()
                accumulator.update(topic, &effects)
                return effects
            })
    }

    // MARK: Sending

    /// Sends what can be sent to a broker, unless another thread does.
    func pump(_ broker: Int32) {
        guard self.accumulator.withLock({ $0.beginPump(broker) }) else { return }
        self.continuePump(broker)
    }

    private func continuePump(_ broker: Int32) {
        for _ in 0..<Self.requestsAtATime {
            let connection = self.cluster.connectionIfOpen(to: broker)
            let (step, effects) = self.accumulator.withLock { accumulator in
                var effects = RecordAccumulator.Effects()
                let step = accumulator.nextStep(broker, isConnected: connection != nil, &effects)
                return (step, effects)
            }
            self.perform(effects)
            switch step {
            case .send(let drained):
                if let connection { self.transmit(drained, on: connection) }
            case .connect:
                self.connect(broker)
                return
            case .done:
                return
            }
        }
        self.loop.execute { self.continuePump(broker) }
    }

    private func connect(_ broker: Int32) {
        let deadline = self.loop.now + self.configuration.cluster.requestTimeout
        self.cluster.withConnection(to: broker, deadline: deadline) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success:
                let effects = self.accumulator.withLock { $0.connected(broker) }
                self.perform(effects)
            case .failure(let error):
                let effects = self.accumulator.withLock { $0.connectionFailed(broker, error, now: self.loop.now) }
                if let count = effects.failedConnections {
                    self.logger(
                        .warning, "Records can't be sent to a broker; trying again",
                        [(.broker, "\(broker)"), (.count, "\(count)"), (.error, error.description)])
                }
                self.perform(effects)
            }
        }
    }

    private func transmit(_ drained: RecordAccumulator.Drained, on connection: BrokerConnection) {
        var request = ProduceRequest()
        request.acks = self.configuration.acks.code
        request.timeoutMs = self.configuration.cluster.requestTimeout.wholeMilliseconds
        var failures: [Int: KafkaError] = [:]
        for (index, transmission) in drained.transmissions.enumerated() {
            do {
                let encoded = try transmission.batch.encoded(
                    identity: transmission.identity, baseSequence: transmission.baseSequence,
                    compression: self.configuration.compression)
                request.add(encoded, of: transmission)
            } catch {
                failures[index] = error
            }
        }
        do {
            let hasIDs = request.topicData.allSatisfy { $0.topicId != .zero }
            let version = try connection.versions.version(for: ProduceRequest.self, atMost: hasIDs ? nil : 12)
            if request.topicData.isEmpty {
                self.answered(drained, failures) { _ in .refused(nil) }
            } else if self.configuration.acks == .none {
                let timeout = self.configuration.cluster.requestTimeout
                connection.submitWithoutResponse(request, version: version, timeout: timeout) { [failures] result in
                    self.written(drained, failures, result)
                }
            } else {
                let timeout = self.configuration.cluster.requestTimeout
                connection.submit(request, version: version, timeout: timeout) { [failures] result in
                    self.answered(drained, failures, result, from: connection.broker)
                }
            }
        } catch {
            self.answered(drained, failures) { _ in .notSent(error) }
        }
    }

    // MARK: Answers

    private func answered(
        _ drained: RecordAccumulator.Drained, _ failures: [Int: KafkaError],
        _ result: Result<ProduceResponse, KafkaError>, from broker: Broker
    ) {
        switch result {
        case .success(let response):
            let answers = ProduceAnswers(response, to: drained, from: broker)
            if !answers.leaders.isEmpty {
                self.cluster.updateLeaders(answers.leaders, endpoints: answers.endpoints)
            }
            self.answered(drained, failures) { answers.answer(to: $0) }
        case .failure(let error):
            self.answered(drained, failures) { _ in error.isOutcomeUnknown ? .noAnswer(error) : .notSent(error) }
        }
    }

    /// With `acks` 0, what was written counts as stored.
    private func written(
        _ drained: RecordAccumulator.Drained, _ failures: [Int: KafkaError], _ result: Result<Void, KafkaError>
    ) {
        switch result {
        case .success:
            self.answered(drained, failures) { _ in RecordAccumulator.Answer(verdict: .stored) }
        case .failure(let error):
            self.answered(drained, failures) { _ in error.isOutcomeUnknown ? .noAnswer(error) : .notSent(error) }
        }
    }

    private func answered(
        _ drained: RecordAccumulator.Drained, _ failures: [Int: KafkaError],
        _ answer: (RecordAccumulator.Transmission) -> RecordAccumulator.Answer
    ) {
        let answers = drained.transmissions.enumerated().map { index, transmission in
            failures[index].map { .refused($0) } ?? answer(transmission)
        }
        for case let (transmission, error?) in zip(drained.transmissions, answers.map(\.error)) {
            self.logger(
                .debug, "An attempt to write records failed",
                [
                    (.topic, transmission.batch.topicPartition.topic),
                    (.partition, "\(transmission.partition.index)"), (.error, error.description),
                ])
        }
        let now = self.loop.now
        self.perform(self.accumulator.withLock { $0.answered(drained, answers, now: now) })
    }
}

extension ProduceRequest {
    /// Adds a batch, beside the others of its topic.
    mutating func add(_ records: [Bytes], of transmission: RecordAccumulator.Transmission) {
        var partition = PartitionProduceData()
        partition.index = transmission.partition.index
        partition.records = records
        let name = transmission.batch.topicPartition.topic
        if let index = self.topicData.lastIndex(where: { $0.name == name }) {
            self.topicData[index].partitionData.append(partition)
        } else {
            var topic = TopicProduceData()
            topic.name = name
            topic.topicId = transmission.topicID
            topic.partitionData = [partition]
            self.topicData.append(topic)
        }
    }
}
