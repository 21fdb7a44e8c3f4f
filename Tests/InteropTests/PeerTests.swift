// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Other clients on the embedded broker: what they write, what they read, and their groups.
    @Suite(
        .timeLimit(.minutes(2)),
        .enabled(if: RealKafka.isWanted("embedded"), "KAFKA_TEST_ENVIRONMENTS leaves the embedded broker out"),
        .enabled(if: !ForeignMember.all.isEmpty, "needs Kafka's tools, aiokafka or confluent_kafka: see above"))
    struct Peers {
        @Test(arguments: ForeignProducer.all)
        func recordsOfAnotherClientAreReadInEachCodec(by producer: ForeignProducer) async throws {
            try await EmbeddedKafka.withBroker { kafka in
                let cluster = TestCluster.embedded(kafka)
                for codec in producer.codecs {
                    let topic = try await cluster.createTopic("written", partitions: 3)
                    let codecs = Lock<Set<CompressionCodec?>>([])
                    let watch = kafka.watchCodecs { codec in codecs.withLock { _ = $0.insert(codec) } }
                    try await producer.produce(200, to: topic, codec, cluster.bootstrap)
                    watch.remove()
                    #expect(codecs.withLock { $0 } == [codec.codec])
                    let records = try await cluster.readAll(of: topic, partitions: 3)
                    let numbers = records.map { $0.text.flatMap { Int($0) } ?? -1 }
                    #expect(numbers.sorted() == Array(0..<200), "\(codec.codec)")
                    #expect(zip(records, numbers).allSatisfy { $0.keyText == "\($1 % 7)" }, "\(codec.codec)")
                    // In the order in which they were written.
                    for partition in Int32(0)..<3 {
                        let own = zip(records, numbers).filter { $0.0.partition == partition }.map { $0.1 }
                        #expect(own == own.sorted(), "\(codec.codec)")
                    }
                }
            }
        }

        @Test(arguments: ForeignMember.all)
        func twoMembersOfAnotherClientShareAGroupAndReadEachRecordOnce(of member: ForeignMember) async throws {
            try await EmbeddedKafka.withBroker { kafka in
                let cluster = TestCluster.embedded(kafka)
                let peers = try await PeerGroup(member, cluster)
                try await peers.withMember("first") { first in
                    try await peers.log.untilShared(["first": 4])
                    try await peers.produceAndRead()
                    try await peers.withMember("second") { second in
                        try await peers.log.untilShared(["first": 2, "second": 2])
                        try await peers.produceAndRead()
                        await first.stop()
                        try await peers.log.untilShared(["second": 4])
                        try await peers.produceAndRead()
                        await second.stop()
                    }
                }
                peers.check()
                // The members have left, and have committed what they read.
                let members = try await kafka.group(peers.group)?.members
                #expect(members == [])
                for partition in 0..<4 {
                    let end = try await kafka.offsets(of: peers.topic, partition: partition).upperBound
                    let committed = try await kafka.committedOffset(
                        of: peers.group, topic: peers.topic, partition: partition)
                    #expect(committed == end)
                }
            }
        }

        @Test(.enabled(if: ForeignMember.all.contains(.java), "needs Kafka's tools: see the lines above"))
        func kafkasConsoleConsumerAndThisClientContinueEachOthersGroup() async throws {
            try await EmbeddedKafka.withBroker { kafka in
                let cluster = TestCluster.embedded(kafka)
                let topic = try await cluster.createTopic("console", partitions: 2)
                try await cluster.produce(
                    (0..<300).map { ProducerRecord(topic: topic, partition: $0 % 2, value: "\($0)") })
                let group = unique("console")
                func readByConsole() async throws -> [String] {
                    try await KafkaTool.run(
                        "org.apache.kafka.tools.consumer.ConsoleConsumer",
                        [
                            "--bootstrap-server", cluster.bootstrap, "--topic", topic, "--group", group,
                            "--from-beginning", "--max-messages", "100",
                        ])
                }
                var read = try await readByConsole()
                read += try await KafkaConsumer.withConsumer(cluster.consumer(group: group), subscribedTo: [topic]) {
                    let records = try await $0.read(100)
                    try await $0.commit()
                    return records.compactMap(\.text)
                }
                read += try await readByConsole()
                #expect(read.compactMap { Int($0) }.sorted() == Array(0..<300))
                let description = try await KafkaTool.run(
                    "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                    ["--bootstrap-server", cluster.bootstrap, "--describe", "--group", group])
                // Group, topic, partition, committed offset, end offset, lag.
                let rows = description.map { $0.split(separator: " ").prefix(6).map(String.init) }
                    .filter { $0.first == group }.sorted { $0[2] < $1[2] }
                #expect(rows == ["0", "1"].map { [group, topic, $0, "150", "150", "0"] }, "\(description)")
            }
        }
    }
}

/// A topic, and a group of members of one client.
private struct PeerGroup: Sendable {
    let cluster: TestCluster
    let member: ForeignMember
    let topic: String
    let group = unique("peers")
    let log = GroupLog()
    private let written = Lock<[String]>([])
    private let read = Lock<[String]>([])

    init(_ member: ForeignMember, _ cluster: TestCluster) async throws {
        self.member = member
        self.cluster = cluster
        self.topic = try await cluster.createTopic("peers", partitions: 4)
    }

    private var producer: ForeignProducer {
        switch self.member {
        case .java: .java
        case .aiokafka: .aiokafka
        case .librdkafka: .librdkafka
        }
    }

    func withMember(_ name: String, _ body: @Sendable (ChildProcess) async throws -> Void) async throws {
        let read = self.read
        try await self.member.run(
            name, on: self.cluster, topic: self.topic, group: self.group, log: self.log,
            each: { event in read.withLock { $0.append(event.value ?? "") } }, body)
    }

    /// Writes records to all partitions, some with this producer in each codec that the members support, some with
    /// their own client. Returns when they have been read.
    func produceAndRead() async throws {
        let codecs = self.producer.codecs
        for codec in codecs {
            let records = (0..<80).map {
                ProducerRecord(topic: self.topic, partition: Int32($0 % 4), value: "ours \(codec.codec) \($0)")
            }
            try await self.cluster.produce(records) {
                $0.compression = codec
                $0.linger = .milliseconds(20)
            }
        }
        try await self.producer.produce(80, to: self.topic, codecs[codecs.count - 1], self.cluster.bootstrap)
        let total = self.written.withLock { written in
            for codec in codecs { written += (0..<80).map { "ours \(codec.codec) \($0)" } }
            written += (0..<80).map { "\($0)" }
            return written.count
        }
        try await self.log.until { $0.readCount >= total }
    }

    func check() {
        let view = self.log.view
        #expect(view.overlaps.isEmpty, "\(view.overlaps) of \(view.events)")
        for (partition, offsets) in view.reads {
            #expect(offsets == Array(0..<Int64(offsets.count)), "\(partition)")
        }
        #expect(self.read.withLock { $0.sorted() } == self.written.withLock { $0.sorted() })
    }
}

extension EmbeddedKafka {
    /// Reports the codec of every produced batch, or nil for an unknown one, until the returned fault is removed.
    fileprivate func watchCodecs(_ body: @escaping @Sendable (CompressionCodec?) -> Void) -> InjectedFault {
        self.answer(ProduceRequest.self, times: nil) { request, _ in
            for partition in request.topicData.flatMap(\.partitionData) {
                for bytes in partition.records ?? [] {
                    var reader = RecordBatchReader(bytes)
                    while let batch = try? reader.next() { body(batch.codec) }
                }
            }
            // The broker answers as usual.
            return nil
        }
    }
}
