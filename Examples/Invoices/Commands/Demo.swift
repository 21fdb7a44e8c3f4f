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

/// `invoices demo`: all of it on an embedded broker, with processes of which one is killed.
struct Demo {
    static let command = Command("demo", "does all of it on an embedded broker, and kills a process") { _ in
        try await Demo().run()
    }

    private let orders = 6000
    private let rate = 800
    private let topics = Topics()

    func run() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
            try say("Embedded Kafka listens on \(kafka.bootstrapServers[0]).")
            try await KafkaAdminClient.withAdminClient(cluster) { try await self.topics.createIfMissing($0) }
            var workers: [Worker] = []
            defer { for worker in workers { worker.kill() } }
            for name in ["one", "two", "three"] {
                workers.append(try Worker(name, cluster))
            }
            try say("Three processes write invoices.")
            try await self.generate(0..<2000, on: cluster)

            let victim = workers.remove(at: 1)
            victim.kill()
            try say("Process two is killed, perhaps in the middle of a transaction.")
            try await self.generate(2000..<4000, on: cluster)

            workers.append(try Worker("two", cluster))
            try say("Process two is started again. The group notices after 6 seconds that its old self is dead.")
            try await self.generate(4000..<self.orders, on: cluster)

            try say("The check waits for the last invoices.")
            try await Check(self.topics, wait: .seconds(10)).run(on: cluster)
            for worker in workers { try await worker.stop() }
        }
    }

    private func generate(_ range: Range<Int>, on cluster: KafkaClientConfiguration) async throws {
        try await Generate(range.count, first: range.lowerBound + 1, rate: self.rate, to: self.topics).run(on: cluster)
    }
}

/// A process of the service, which runs this program.
private struct Worker {
    private let name: String
    private let process = Foundation.Process()
    private let end: AsyncStream<Void>

    init(_ name: String, _ cluster: KafkaClientConfiguration) throws {
        self.name = name
        let (end, continuation) = AsyncStream<Void>.makeStream()
        self.end = end
        self.process.executableURL = Bundle.main.executableURL
        self.process.arguments = ["process", "--id", name]
        self.process.environment = ProcessInfo.processInfo.environment.merging(
            ["BOOTSTRAP_SERVERS": cluster.bootstrapServers.joined(separator: ",")]) { $1 }
        self.process.terminationHandler = { _ in continuation.finish() }
        try self.process.run()
    }

    /// Ends the process as a crash does.
    func kill() {
        if self.process.isRunning { Foundation.kill(self.process.processIdentifier, SIGKILL) }
    }

    /// Asks the process to end, and waits until it has.
    func stop() async throws {
        self.process.terminate()
        for await _ in self.end {}
        guard self.process.terminationStatus == 0 else {
            throw Failure("The process \(self.name) ended with \(self.process.terminationStatus).")
        }
    }
}
