// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The tasks that wait until the cluster has something, such as records. They look again whenever records are appended
/// or a group changes. It is only used on the cluster's loop.
final class ClusterWaiters {
    private var waiters: [Int: any ClusterWaiting] = [:]

    var count: Int { self.waiters.count }

    /// Lets all waiters look again.
    func notice() {
        guard !self.waiters.isEmpty else { return }
        for waiter in self.waiters.values { waiter.look() }
    }

    /// Ends all waits with an error.
    func failAll(_ error: EmbeddedKafkaError) {
        for waiter in self.waiters.values { waiter.end(error) }
    }

    fileprivate func add(_ waiter: any ClusterWaiting, number: Int) {
        self.waiters[number] = waiter
    }

    fileprivate func remove(_ number: Int) {
        self.waiters[number] = nil
    }
}

private protocol ClusterWaiting {
    func look()
    func end(_ error: EmbeddedKafkaError)
}

/// A task that waits. `@unchecked Sendable`, because it is only used on the cluster's loop.
private final class ClusterWaiter<Value: Sendable>: ClusterWaiting, @unchecked Sendable {
    typealias Continuation = CheckedContinuation<Result<Value, EmbeddedKafkaError>, Never>

    let cluster: EmbeddedCluster
    let find: @Sendable (EmbeddedCluster) -> Value?
    private var continuation: Continuation?
    private var number = 0
    private var timer: LoopTimer?
    private var isCancelled = false

    init(_ cluster: EmbeddedCluster, find: @escaping @Sendable (EmbeddedCluster) -> Value?) {
        self.cluster = cluster
        self.find = find
    }

    func begin(
        _ continuation: Continuation, timeout: Duration, problem: @escaping @Sendable (EmbeddedCluster) -> String
    ) {
        self.continuation = continuation
        guard !self.isCancelled else { return self.cancel() }
        self.number = self.cluster.takeNumber()
        self.cluster.waiters.add(self, number: self.number)
        self.timer = self.cluster.after(timeout) {
            self.end(EmbeddedKafkaError("After \(timeout), \(problem(self.cluster))."))
        }
        self.look()
    }

    func look() {
        if let value = self.find(self.cluster) { self.end(.success(value)) }
    }

    func end(_ error: EmbeddedKafkaError) { self.end(.failure(error)) }

    func cancel() {
        self.isCancelled = true
        self.end(EmbeddedKafkaError("The task that waits was cancelled."))
    }

    private func end(_ result: Result<Value, EmbeddedKafkaError>) {
        guard let continuation = self.continuation else { return }
        self.continuation = nil
        self.timer?.cancel()
        self.timer = nil
        self.cluster.waiters.remove(self.number)
        continuation.resume(returning: result)
    }
}

extension EmbeddedKafka {
    /// Waits until `find` returns a value.
    ///
    /// - Parameters:
    ///   - timeout: The time after which the wait ends with an error.
    ///   - problem: Returns what is missing, for that error.
    func wait<Value: Sendable>(
        timeout: Duration, for find: @escaping @Sendable (EmbeddedCluster) -> Value?,
        otherwise problem: @escaping @Sendable (EmbeddedCluster) -> String
    ) async throws(EmbeddedKafkaError) -> Value {
        let waiter = ClusterWaiter(self.cluster, find: find)
        let result: Result<Value, EmbeddedKafkaError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRunning = self.whileRunning { loop in
                    loop.execute { waiter.begin(continuation, timeout: timeout, problem: problem) }
                }
                if !isRunning { continuation.resume(returning: .failure(.stopped)) }
            }
        } onCancel: {
            _ = self.whileRunning { loop in loop.execute { waiter.cancel() } }
        }
        return try result.get()
    }
}
