// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import EmbeddedKafka
import Foundation

/// `page-views demo`: produces and counts in one process, on an embedded cluster.
///
/// One consumer joins late and another one is stopped, and every view must still be counted exactly once.
struct Demo {
    static let command = Command(
        "demo", "does all of it in one process, on an embedded broker", takes: [Sample.viewsOption]
    ) { try await Demo(views: $0[Sample.viewsOption] ?? Sample.defaultViews).run() }

    let views: Int
    private let topic = "page-views"
    private let duration = Duration.seconds(9)

    func run() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("page-views-\(UUID().uuidString)")
        let store = directory.appendingPathComponent("store").path
        defer { try? FileManager.default.removeItem(at: directory) }
        _ = try TallyStore(creating: store)

        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic(self.topic, partitions: 6)
            try say("Embedded Kafka listens on \(kafka.bootstrapServers[0]); the topic \(self.topic) has 6 partitions.")
            let cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
            try await self.produceAndCount(on: cluster, store)
        }

        var log = AccessLog(SampleLog(count: self.views))
        let expected = try log.count()
        let counted = try TallyStore(in: store).total()
        try say("\n\(Demo.topUsers(counted))\n")
        try say(try Check.verdict(expected: expected, counted: counted))
    }

    private func produceAndCount(on cluster: KafkaClientConfiguration, _ store: String) async throws {
        let one = Count(topic: self.topic, group: "counters", store: store, name: "  one")
        let two = Count(topic: self.topic, group: "counters", store: store, name: "  two")
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
                var log = AccessLog(SampleLog(count: self.views))

                try say("Consumer one starts, and so does a producer of \(self.views.grouped) views.")
                group.addTask { try await one.run(on: cluster) }
                try await self.produce(self.views / 3, of: &log, producer)

                try say("Consumer two joins.")
                group.addTask { try await two.run(on: cluster) }
                try await self.produce(self.views / 3, of: &log, producer)

                try say("Consumer one is stopped.")
                one.stop.request()
                try await self.produce(self.views, of: &log, producer)
            }
            try say("All \(self.views.grouped) views are produced; consumer two counts what is left.")
            two.stopWhenAllIsCounted.request()
            try await group.waitForAll()
        }
    }

    /// Produces the next `number` views at an even pace, or the remaining ones if there are fewer.
    private func produce(_ number: Int, of log: inout AccessLog, _ producer: KafkaProducer) async throws {
        let start = ContinuousClock.now
        let pause = self.duration / self.views
        for made in 0..<number {
            if made % 500 == 0 { try await Task.sleep(until: start + pause * made) }
            guard let view = try log.next() else { return }
            try await producer.enqueue(view.record(topic: self.topic))
        }
    }

    /// Returns a table of the users with the most views and their busiest windows.
    private static func topUsers(_ counts: ViewCounts) -> String {
        let users = Dictionary(grouping: counts.sorted, by: \.key.user)
            .map { user, windows in (user, windows, total: windows.reduce(0) { $0 + $1.value }) }
            .sorted { ($1.total, $0.0) < ($0.total, $1.0) }
        var table = Table("user", "busiest window (UTC)", "views in it", "views")
        for (user, windows, total) in users.prefix(10) {
            guard let busiest = windows.max(by: { $0.value < $1.value }) else { continue }
            table.append(user, "\(busiest.key.window)", busiest.value.grouped, total.grouped)
        }
        return table.text
    }
}
