// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

/// The program in several processes, as on a real cluster.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ProcessTests {
    @Test(arguments: Kafka.all.filter(\.fencesGenerations))
    func eachOrderHasOneInvoiceEvenIfProcessesAreKilledAndPaused(kafka: Kafka) async throws {
        try await kafka.withProgram { program in
            func process(_ id: String) throws -> ChildProcess {
                try program.start(["process", "--id", id, "--transaction-timeout", "5s"])
            }
            func generate(_ part: Int) async throws {
                try await program.succeed(["generate", "--orders", "2000", "--first", "\(part * 2000 + 1)"])
            }
            let sleeper = try process("sleeper")
            var news = sleeper.lines.makeAsyncIterator()
            while let line = await news.next(), !line.contains("takes partitions") {}
            try await generate(0)
            // It stops in the middle of its work, and loses its partitions to the others.
            sleeper.signal(SIGSTOP)
            let one = try process("one")
            var two = try process("two")
            try await generate(1)
            try await program.succeed(["check", "--wait", "30s"])
            await two.destroy()
            try await generate(2)
            two = try process("two")
            sleeper.signal(SIGCONT)
            try await generate(3)
            #expect(
                try await program.succeed(["check", "--wait", "30s"]).hasPrefix(
                    "Each of the 8000 orders has exactly one invoice, and all totals are right."))
            for process in [one, two] {
                await process.stop()
                #expect(process.status == 0, "\(process.errors)")
            }
            await sleeper.stop()
            // With version 1 of transactions, one that was open for too long can't be told from another producer with the id.
            let isFenced = sleeper.errors.contains("transactionTimeout")
            #expect(sleeper.status == 0 || isFenced, "\(sleeper.errors)")
        }
    }

    @Test func aProcessThatEndsHasCommittedWhatItHadInHand() async throws {
        try await Kafka.embedded.withProgram { program in
            try await program.succeed(["generate", "--orders", "500"])
            let process = try program.start(["process", "--id", "one"])
            var news = process.lines.makeAsyncIterator()
            let first = await news.next()
            #expect(first == "one takes partitions 0 1 2 3 4 5, with the totals of 0 customers")
            try await program.succeed(["check", "--wait", "10s"])
            await process.stop()
            #expect(process.status == 0, "\(process.errors)")
            var last: [String] = []
            while let line = await news.next() { last.append(line) }
            #expect(last == ["one gives up partitions 0 1 2 3 4 5", "one is done"])

            // The next one continues with the totals of the first.
            let next = try program.start(["process", "--id", "two"])
            var nextNews = next.lines.makeAsyncIterator()
            let takes = await nextNews.next()
            #expect(takes == "two takes partitions 0 1 2 3 4 5, with the totals of 100 customers")
            try await program.succeed(["generate", "--orders", "500", "--first", "501"])
            try await program.succeed(["check", "--wait", "10s"])
            await next.stop()
        }
    }

    @Test func anAbortedTransactionTakesTheTotalsBack() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let program = InvoicesProgram(bootstrapServers: kafka.bootstrapServers[0], prefix: "aborts-")
            let process = try program.start(["process", "--id", "one"])
            let fault = kafka.inject(.fail(.transactionAbortable), on: .txnOffsetCommit, times: 3)
            try await program.succeed(["generate", "--orders", "1000", "--rate", "500"])
            try await program.succeed(["check", "--wait", "10s"])
            #expect(fault.hits == 3)
            await process.stop()
            #expect(process.status == 0, "\(process.errors)")
        }
    }

    @Test func theNextProcessWaitsForTheTotalsOfATransactionThatIsEnding() async throws {
        var configuration = EmbeddedKafka.Configuration()
        // A transaction's records and offsets become visible this long after its commit.
        configuration.transactionMarkerDelay = .milliseconds(700)
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let program = InvoicesProgram(bootstrapServers: kafka.bootstrapServers[0], prefix: "ending-")
            let one = try program.start(["process", "--id", "one"])
            let generator = try program.start(["generate", "--orders", "2000", "--rate", "500"])
            _ = try await kafka.waitForRecords(1000, in: "ending-orders")
            let two = try program.start(["process", "--id", "two"])
            var news = two.lines.makeAsyncIterator()
            while let line = await news.next(), !line.contains("takes partitions") {}
            await one.stop()
            #expect(await generator.ended() == 0, "\(generator.errors)")
            try await program.succeed(["check", "--wait", "10s"])
            await two.stop()
        }
    }

    @Test func whatIsNoOrderIsSkippedAndReported() async throws {
        try await Kafka.embedded.withProgram { program in
            try await program.succeed(["generate", "--orders", "10"])
            let cluster = KafkaClientConfiguration(bootstrapServers: [program.bootstrapServers])
            try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
                _ = try await producer.send(
                    ProducerRecord(topic: program.prefix + "orders", key: "anna", value: "a book"))
            }
            try await program.succeed(["generate", "--orders", "10", "--first", "11"])
            let process = try program.start(["process", "--id", "one"])
            let verdict = try await program.succeed(["check", "--wait", "10s"])
            #expect(verdict.hasPrefix("Each of the 20 orders has exactly one invoice"))
            await process.stop()
            #expect(process.errors.contains("one: there is no order in \(program.prefix)orders-"), "\(process.errors)")
        }
    }

    @Test func theCheckFindsWhatIsMissing() async throws {
        try await Kafka.embedded.withProgram { program in
            try await program.succeed(["generate", "--orders", "3"])
            let result = try await program.run(["check"])
            #expect(result.status == 1)
            #expect(result.errors.contains("3 orders have 0 invoices"), "\(result.errors)")
            #expect(result.errors.contains("has no invoice."), "\(result.errors)")
        }
    }

    @Test func theDemoKillsAProcessAndEachOrderHasOneInvoice() async throws {
        let program = InvoicesProgram(bootstrapServers: "", prefix: "")
        let output = try await program.succeed([])
        #expect(output.contains("Process two is killed"))
        #expect(output.contains("three takes partitions"))
        #expect(output.contains("Each of the 6000 orders has exactly one invoice, and all totals are right."))
        #expect(output.contains("No transaction is left open."))
    }

    @Test func anUnreachableBrokerIsReported() async throws {
        let program = InvoicesProgram(bootstrapServers: "127.0.0.1:1", prefix: "eu-")
        let result = try await program.run(["process", "--id", "one"])
        #expect(result.status == 1 && result.output == "")
        #expect(
            result.errors.contains("invoices: Can't find or create the topics eu-orders, eu-invoices and eu-totals"))
    }
}
