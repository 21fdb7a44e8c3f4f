// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The settings of a fetcher.
struct FetchSettings: Sendable {
    /// How long a broker may wait for `minBytes`.
    var maxWait: Duration
    var minBytes: Int
    var isolationLevel: IsolationLevel
}

/// Fetches what its source plans, with one loop per broker that keeps one request in flight.
final class Fetcher<Source: FetchSource>: Sendable {
    let source: Source
    let settings: FetchSettings
    let cluster: Cluster
    let loop: EventLoop
    let logger: Logger
    /// The signals of the brokers' loops and of the loop that starts them.
    private let loops: FetcherTable

    /// - Parameter loops: the signals with which `source` wakes the fetcher.
    init(_ source: Source, _ settings: FetchSettings, _ cluster: Cluster, _ logger: Logger, loops: FetcherTable) {
        self.source = source
        self.settings = settings
        self.cluster = cluster
        self.loop = cluster.loop
        self.logger = logger
        self.loops = loops
    }

    /// Runs a loop for each broker that partitions are read from, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (brokers, next) = self.source.brokersToFetchFrom(now: self.loop.now)
                for (broker, signal) in self.loops.add(brokers) {
                    group.addTask(executorPreference: self.loop) {
                        await self.fetch(from: broker, wokenBy: signal)
                    }
                }
                let beside = self.source.planFetchesBeside(now: self.loop.now)
                for fetch in beside.fetches {
                    group.addTask(executorPreference: self.loop) { await self.fetch(fetch) }
                }
                await self.loops.signal.wait(until: [next, beside.next].compactMap { $0 }.min(), on: self.loop)
                if let next, next <= self.loop.now { self.loops.wakeAll() }
            }
        }
    }

    /// Fetches from one broker, one request at a time, whenever the buffer has room.
    private func fetch(from broker: Int32, wokenBy signal: Signal) async {
        var session = FetchSession()
        var pacing = FetchPacing()
        var failures = 0
        var report = FailureReport(patience: .seconds(3))
        while !Task.isCancelled {
            let plan = self.source.planFetch(from: broker, now: self.loop.now)
            switch plan {
            case .wait(let time):
                await signal.wait(until: time, on: self.loop)
            case .fetch(let fetches, let maximumBytes):
                do throws(KafkaError) {
                    let outcome = try await self.fetch(
                        fetches, maximumBytes: maximumBytes, from: broker, &session, &pacing)
                    guard let refusal = outcome.refusal else {
                        failures = 0
                        if report.succeeded() {
                            self.logger(.info, "Records are fetched again", [(.broker, "\(broker)")])
                        }
                        continue
                    }
                    failures += 1
                    self.complain(of: refusal, broker, &report)
                    // The first refusal starts a new session immediately; further ones wait for the backoff.
                    guard failures > 1 else { continue }
                    self.source.fetchAgain(fetches, at: self.loop.now + self.cluster.backoff(failures: failures))
                } catch {
                    session.failed()
                    failures += 1
                    self.source.fetchEnded(fetches, maximumBytes: maximumBytes, from: broker, .failed)
                    if error.isAnswerTooLarge {
                        self.answerTooLarge(fetches, error)
                        continue
                    }
                    self.complain(of: error, broker, &report)
                    self.source.fetchAgain(fetches, at: self.loop.now + self.cluster.backoff(failures: failures))
                    self.source.brokerFailed(error, fetching: fetches)
                }
            }
        }
        self.close(&session, broker)
    }

    private func answerTooLarge(_ fetches: [PlannedFetch], _ error: KafkaError) {
        self.logger(
            .debug, "The answer to a Fetch is too large; its partitions are asked for one by one",
            [(.partitions, fetches.map(\.partition).names), (.error, error.description)])
        // The connection was closed because of the answer, so a partition known to be too large is not requested each
        // turn.
        self.source.answerTooLarge(
            fetches, error, retryAt: self.loop.now + self.cluster.configuration.retryBackoffMax)
    }

    private func complain(of error: KafkaError, _ broker: Int32, _ report: inout FailureReport) {
        let isNews = report.failed(now: self.loop.now) != nil
        self.logger(
            isNews ? .warning : .debug, "Records can't be fetched from a broker; trying again",
            [(.broker, "\(broker)"), (.error, error.description)])
    }

    private func fetch(
        _ fetches: [PlannedFetch], maximumBytes: Int, from broker: Int32, _ session: inout FetchSession,
        _ pacing: inout FetchPacing
    ) async throws(KafkaError) -> FetchSession.Outcome {
        let connection = try await self.cluster.connection(
            to: broker, for: .fetch, deadline: self.loop.now + self.cluster.configuration.requestTimeout)
        if fetches.first?.isAlone == true {
            return try await self.askApart(fetches, maximumBytes: maximumBytes, of: broker, on: connection)
        }
        let asked = self.loop.now
        let (outcome, response) = try await self.ask(
            fetches, maximumBytes: maximumBytes, of: broker, on: connection, &session)
        let step = pacing.answered(
            isEmpty: outcome == .accepted && response.isEmpty, asked: asked, now: self.loop.now,
            maximumWait: self.settings.maxWait, backoff: self.cluster.backoff)
        if let time = step.notBefore { self.source.delayFetch(fetches, until: time) }
        if step.isNews {
            self.logger(
                .warning, "The broker answers fetches at once although it has nothing; they are sent more slowly",
                [(.broker, "\(broker)")])
        }
        return outcome
    }

    /// Sends a fetch that must not wait for the broker's fetch in flight: on another connection, where it is answered
    /// immediately.
    private func fetch(_ plan: FetchBeside) async {
        do throws(KafkaError) {
            let connection = try await self.cluster.connection(
                to: plan.broker, deadline: self.loop.now + self.cluster.configuration.requestTimeout)
            let outcome = try await self.askApart(
                plan.fetches, maximumBytes: plan.maximumBytes, of: plan.broker, on: connection)
            guard outcome != .accepted else { return }
            self.source.fetchAgain(plan.fetches, at: self.loop.now + self.cluster.backoff(failures: 1))
        } catch {
            self.source.fetchEnded(plan.fetches, maximumBytes: plan.maximumBytes, from: plan.broker, .failed)
            if error.isAnswerTooLarge { return self.answerTooLarge(plan.fetches, error) }
            // The fetch in flight at the same broker reports the failure, too.
            self.logger(
                .debug, "A fetch beside another one failed",
                [(.broker, "\(plan.broker)"), (.error, error.description)])
            self.source.fetchAgain(plan.fetches, at: self.loop.now + self.cluster.backoff(failures: 1))
        }
    }
}

extension FetchSession.Outcome {
    /// The error if the content of the answer must not be used.
    fileprivate var refusal: KafkaError? {
        switch self {
        case .accepted: nil
        case .rejected(let code): KafkaError(code, doing: "fetching records")
        case .malformed:
            KafkaError(.protocolError, "The answer to a Fetch names other partitions than were asked for.")
        }
    }
}
