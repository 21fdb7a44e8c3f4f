// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Transfers the accumulator's batches to their brokers and the answers back.
///
/// It needs no task of its own. The thread that completes a batch writes the request if the broker has room for one
/// more. Otherwise the loop writes it, when an answer, a timer or a change of leaders makes room. The accumulator's
/// lock is not held while requests are encoded or written, or tasks are resumed.
final class Sender: Sendable {
    let configuration: ProducerConfiguration
    let cluster: Cluster
    let loop: EventLoop
    let logger: Logger
    let events: Events
    /// Nil if the configuration turns it off.
    let telemetry: Telemetry?
    let undelivered = UndeliveredRecords()
    let failures = Lock(FailureNotices())
    let tally: Lock<ProducerTally>
    let accumulator: Lock<RecordAccumulator>
    /// Whether a record's key decides its partition.
    let hashesKeys: Bool
    /// Whether partitions are selected without a custom partitioner.
    let isPartitionerOurs: Bool
    /// Wakes the task that obtains the producer's identity.
    let identityWanted = Signal()
    /// Nil without transactions.
    let transactions: Transactions?

    /// The number of requests to a broker that one call sends before the loop continues, so that a task which enqueues
    /// a record doesn't have to send for all others.
    private static let requestsAtATime = 4

    init(
        _ configuration: ProducerConfiguration, transactions: Transactions? = nil, loop: EventLoop
    ) throws(KafkaError) {
        try configuration.validate()
        self.transactions = transactions
        self.configuration = configuration
        self.loop = loop
        self.tally = Lock(ProducerTally(since: loop.now))
        self.logger = Logger(configuration.cluster.log, [(.clientID, configuration.cluster.clientID)])
        self.events = Events(observer: configuration.cluster.observer)
        self.cluster = try Cluster(configuration: configuration.cluster, loop: loop, logger: self.logger)
        self.telemetry = Telemetry(self.cluster, self.logger)
        let isRoundRobin = if case .roundRobin = configuration.partitioner.kind { true } else { false }
        self.hashesKeys = if case .standard = configuration.partitioner.kind { true } else { false }
        self.isPartitionerOurs = if case .custom = configuration.partitioner.kind { false } else { true }
        let settings = RecordAccumulator.Settings(
            batchSize: configuration.batchSize, maxRequestSize: configuration.maxRequestSize,
            linger: configuration.linger,
            deliveryTimeout: transactions.map { min(configuration.deliveryTimeout, $0.timeout / 2) }
                ?? configuration.deliveryTimeout,
            maxInFlight: configuration.maxInFlightPerBroker, isIdempotent: configuration.enableIdempotence,
            isTransactional: transactions != nil, isRoundRobin: isRoundRobin,
            isObserved: configuration.cluster.observer != nil)
        self.accumulator = Lock(
            RecordAccumulator(
                settings: settings, bufferMemory: configuration.bufferMemory, undelivered: self.undelivered,
                seed: .random(in: .min ... .max)))
        self.cluster.setMetadataObserver { [weak self] metadata in self?.metadataChanged(metadata) }
    }

    // MARK: Actions

    /// Performs the accumulator's actions, and the actions that follow from them. Sending takes long, so it comes after all others.
    func perform(_ actions: [RecordAccumulator.Action]) {
        var brokers = self.performAllButSending(actions)
        var next = 0
        while next < brokers.count {
            self.send(to: brokers[next], &brokers)
            next += 1
        }
    }

    /// Returns the brokers to send to.
    private func performAllButSending(_ actions: [RecordAccumulator.Action]) -> [Int32] {
        var actions = actions
        var brokers: [Int32] = []
        var splittings: [RecordAccumulator.Splitting] = []
        var leaderless: Set<String> = []
        var next = 0
        while true {
            guard next < actions.count else {
                // Splitting comes after what takes no time.
                guard let splitting = splittings.popLast() else { return brokers }
                actions += self.split(splitting)
                continue
            }
            let action = actions[next]
            next += 1
            switch action {
            case .send(let broker):
                if !brokers.contains(broker) { brokers.append(broker) }
            case .split(let splitting):
                splittings.append(splitting)
            case .end(let batch, let result):
                self.noteEnd(batch, result)
                batch.outcome.complete(result, count: batch.count)
            case .freeRecords(let batch):
                batch.freeRecords()
            case .wake(let task):
                // If the task has given up, wake the next one.
                if !task.fulfill(.success(())) { actions += self.accumulator.withLock { $0.offerRoomAgain() } }
            case .refuse(let task, let error):
                task.fulfill(.failure(error))
            case .backOff(let partition, let failures, let count, let isForTransaction):
                let backoff =
                    isForTransaction
                    ? self.transactionBackoff(failures: failures) : self.cluster.backoff(failures: failures)
                _ = self.loop.schedule(after: backoff) { [weak self] in
                    self?.decide { $0.endBackoff(partition, count: count) }
                }
            case .setLingerTimer(let time):
                _ = self.loop.schedule(at: time) { [weak self] in self?.lingerEnded() }
            case .setExpiryTimer(let time):
                _ = self.loop.schedule(at: time) { [weak self] in self?.expire() }
            case .getIdentity:
                self.identityWanted.notify()
            case .transact:
                self.transactions?.changed()
            case .updateMetadata:
                self.cluster.requestMetadataUpdate("a partition has no known leader")
            case .findLeaders(let topic):
                guard leaderless.insert(topic).inserted else { break }
                _ = self.cluster.topicIfKnown(topic)
                self.cluster.requestMetadataUpdate("a partition has no known leader")
            case .noteUse(let topic):
                _ = self.cluster.topicIfKnown(topic)
            case .reportUnreachable, .reportReachable, .reportSmallerBatches, .reportBuffer:
                self.report(action)
            }
        }
    }

    /// Calls the accumulator and performs the actions it returns.
    func decide(_ body: (inout RecordAccumulator) -> [RecordAccumulator.Action]) {
        self.perform(self.accumulator.withLock { body(&$0) })
    }

    private func lingerEnded() {
        let now = self.loop.now
        self.decide { $0.lingerEnded(now: now) }
    }

    private func expire() {
        let now = self.loop.now
        self.decide { $0.expire(now: now) }
    }

    private func metadataChanged(_ metadata: ClusterMetadata) {
        self.decide { accumulator in
            var actions: [RecordAccumulator.Action] = []
            for name in accumulator.topics.keys {
                if let topic = metadata.topics[name] { accumulator.update(topic, &actions) }
            }
            return actions
        }
    }

    /// Processes the metadata of a topic that a record is for.
    func learn(_ topic: TopicMetadata) {
        self.decide { accumulator in
            var actions: [RecordAccumulator.Action] = []
            accumulator.update(topic, &actions)
            return actions
        }
    }

    /// Splits a batch. Its records are decompressed and encoded again outside of the accumulator's lock.
    private func split(_ splitting: RecordAccumulator.Splitting) -> [RecordAccumulator.Action] {
        let parts = try? splitting.batch.parts(ofAtMost: splitting.size, undelivered: self.undelivered)
        return self.accumulator.withLock { $0.replace(splitting, by: parts ?? []) }
    }

    // MARK: Sending

    /// Sends what can be sent to a broker, unless another thread does. Adds the brokers to send to then.
    private func send(to broker: Int32, _ brokers: inout [Int32]) {
        guard self.accumulator.withLock({ $0.beginSending(to: broker) }) else { return }
        for _ in 0..<Self.requestsAtATime {
            let connection = self.cluster.connectionIfOpen(to: broker)
            var actions: [RecordAccumulator.Action] = []
            let step = self.accumulator.withLock {
                $0.nextStep(broker, isConnected: connection != nil, &actions)
            }
            brokers += self.performAllButSending(actions)
            switch step {
            case .send(let drained):
                if let connection { self.transmit(drained, on: connection) }
            case .connect:
                self.connect(to: broker)
                return
            case .done:
                return
            }
        }
        self.accumulator.withLock { $0.stopSending(to: broker) }
        self.loop.execute { self.perform([.send(to: broker)]) }
    }

    private func connect(to broker: Int32) {
        let deadline = self.loop.now + self.configuration.cluster.requestTimeout
        self.cluster.withConnection(to: broker, deadline: deadline) { [weak self] result in
            guard let self else { return }
            self.decide { accumulator in
                switch result {
                case .success: accumulator.connected(broker)
                case .failure(let error): accumulator.connectionFailed(broker, error, now: self.loop.now)
                }
            }
        }
    }

    private func transmit(_ drained: RecordAccumulator.Drained, on connection: BrokerConnection) {
        // It may have ended a moment ago.
        guard connection.isOpen else { return self.answered(drained, [:]) { _ in .notSent(connection.closedError) } }
        var request = ProduceRequest()
        request.acks = self.configuration.acks.code
        request.transactionalId = self.transactions?.id
        request.timeoutMs = self.configuration.cluster.requestTimeout.wholeMilliseconds
        var failures: [Int: KafkaError] = [:]
        for (index, transmission) in drained.transmissions.enumerated() {
            do {
                let encoded = try transmission.batch.encoded(
                    identity: transmission.identity, baseSequence: transmission.baseSequence,
                    isTransactional: self.transactions != nil, compression: self.configuration.compression)
                request.add(encoded, of: transmission)
                self.noteSent(transmission.batch, to: connection.broker)
            } catch {
                failures[index] = error
            }
        }
        do {
            let hasIDs = request.topicData.allSatisfy { $0.topicId != .zero }
            let version = try connection.versions.version(
                for: ProduceRequest.self, within: self.produceVersions(of: drained.transactionVersion, hasIDs: hasIDs))
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

    /// With `acks` 0, written records count as stored.
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
        self.decide { $0.answered(drained, answers, now: now) }
    }
}

extension ProduceRequest {
    /// Adds a batch to those of its topic.
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
