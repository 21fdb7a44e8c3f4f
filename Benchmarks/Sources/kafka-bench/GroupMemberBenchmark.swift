// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// A member of a group for `Benchmarks/rebalance`, which starts several and measures how much of a rebalance their records show.
///
/// Runs until SIGTERM or SIGINT, and prints a line for each event: `r PARTITION OFFSET` for a record, and `+` or `-` with the
/// partitions that are assigned or given up. Each line ends with the time in microseconds since 1970.
struct GroupMemberBenchmark: ConsumerRebalanceListener {
    let configuration: ConsumerConfiguration
    let topic: String

    init?(_ cluster: KafkaClientConfiguration, topic: String, group: String, handover: String, session: Int) {
        var configuration = ConsumerConfiguration(cluster, groupID: group)
        configuration.autoOffsetReset = .earliest
        let session = Duration.seconds(session)
        switch handover {
        case "eager": configuration.groupProtocol = .classic(ClassicGroupProtocol(sessionTimeout: session))
        case "cooperative":
            configuration.groupProtocol = .classic(
                ClassicGroupProtocol(assignors: [.cooperativeSticky], sessionTimeout: session))
        case "consumer": configuration.groupProtocol = .consumer(ConsumerGroupProtocol(sessionTimeout: session))
        default: return nil
        }
        self.configuration = configuration
        self.topic = topic
    }

    func run() async throws {
        try await KafkaConsumer.withConsumer(self.configuration, subscribedTo: [self.topic], listener: self) {
            consumer in
            let signals = [SIGTERM, SIGINT].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler { consumer.triggerGracefulShutdown() }
                source.resume()
                return source
            }
            for try await batch in consumer.batches {
                let lines = batch.map { "r \(batch.topicPartition.partition) \($0.offset) \(Self.now)\n" }
                Self.write(lines.joined())
            }
            withExtendedLifetime(signals) {}
        }
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) { self.say("+", partitions) }
    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) { self.say("-", partitions) }
    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) { self.say("-", partitions) }

    private func say(_ what: String, _ partitions: [TopicPartition]) {
        let numbers = partitions.map { " \($0.partition)" }.joined()
        Self.write("\(what)\(numbers) \(Self.now)\n")
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    private static func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
