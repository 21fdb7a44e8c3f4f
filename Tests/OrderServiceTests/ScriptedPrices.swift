// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

@testable import protocol order_service.PriceSource

/// Prices that a test decides on. Every item that it says nothing about costs 100.
final class ScriptedPrices: PriceSource {
    enum Answer {
        case price(Int?)
        case failure
        /// The price is 100, once the gate is open.
        case held(Gate)
        /// There is no answer until the task is cancelled.
        case silence
    }

    struct Failure: Error {}

    private let answers = Lock([String: [Answer]]())

    /// Adds answers to the lookups of an item, one for each.
    func add(_ answers: Answer..., for item: String) {
        self.answers.withLock { $0[item, default: []] += answers }
    }

    /// Adds an answer that is held until the gate is opened.
    func hold(_ item: String) -> Gate {
        let gate = Gate()
        self.add(.held(gate), for: item)
        return gate
    }

    func price(of item: String) async throws -> Int? {
        let answer: Answer? = self.answers.withLock { answers in
            guard let first = answers[item]?.first else { return nil }
            answers[item]?.removeFirst()
            return first
        }
        switch answer {
        case .price(let price): return price
        case .failure: throw Failure()
        case .held(let gate):
            await gate.pass()
            return 100
        case .silence:
            await Gate().pass()
            throw Failure()
        case nil: return 100
        }
    }
}

/// Holds a task until it is opened, or until the task is cancelled.
struct Gate: Sendable {
    private let arrival = AsyncStream<Never>.makeStream()
    private let opening = AsyncStream<Never>.makeStream()

    /// Waits until a task is held.
    func untilReached() async {
        for await _ in self.arrival.stream {}
    }

    func open() { self.opening.continuation.finish() }

    fileprivate func pass() async {
        self.arrival.continuation.finish()
        for await _ in self.opening.stream {}
    }
}
