// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension Cluster {
    /// Makes one attempt at a call, at the coordinator of a group or transaction. An item's own error is its outcome.
    func attempt<C: CoordinatorCall>(
        _ call: C, for items: [C.Item], deadline: MonotonicTime
    ) async throws(KafkaError) -> [C.Item: CallOutcome<C.Value>] {
        let key = call.coordinator
        let coordinator = try await self.coordinator(key.kind, for: key.name, deadline: deadline)
        return try await self.attempt(call, for: items, of: coordinator, deadline: deadline)
    }

    /// Makes one attempt at a call without items, at the coordinator of a group or transaction.
    func attempt<C: CoordinatorCall>(_ call: C, deadline: MonotonicTime) async throws(KafkaError) -> C.Value
    where C.Item == OnlyItem {
        let outcomes = try await self.attempt(call, for: [OnlyItem()], deadline: deadline)
        guard let outcome = outcomes[OnlyItem()] else { throw .leftOut(by: nil) }
        return try outcome.result.get()
    }

    /// Makes one attempt at a call that the coordinator answers when the whole group is ready, which may take minutes
    /// (`answerTimeout`). Meanwhile it looks up the coordinator at intervals, so that it doesn't wait for a broker that
    /// hangs and has been replaced.
    ///
    /// - Parameters:
    ///   - deadline: The deadline for finding the coordinator and connecting to it.
    ///   - checkInterval: The interval of the look-ups.
    ///   - prepare: Creates the call once it can be sent. If it returns nil, nothing is sent and the result is nil.
    func attempt<C: GroupCall>(
        ofGroup group: String, deadline: MonotonicTime, checkingEvery checkInterval: Duration,
        _ prepare: () throws(KafkaError) -> C?
    ) async throws(KafkaError) -> C.Value? where C.Item == OnlyItem {
        let coordinator = try await self.coordinator(.group, for: group, deadline: deadline)
        do throws(KafkaError) {
            let connection = try await self.connection(to: coordinator, for: .coordinator, deadline: deadline)
            guard let call = try prepare() else { return nil }
            let limit = self.loop.now + (call.answerTimeout ?? self.configuration.requestTimeout)
            let result = await self.loop.first { () async -> Result<C.Value, KafkaError> in
                do throws(KafkaError) {
                    let outcomes = try await self.exchange(call, [OnlyItem()], on: connection, deadline: limit)
                    return outcomes[OnlyItem()]?.result ?? .failure(.leftOut(by: connection.broker.server))
                } catch {
                    return .failure(error)
                }
            } before: {
                await self.untilAnotherCoordinates(group, than: coordinator, C.Request.apiKey, every: checkInterval)
            }
            guard let result else {
                if Task.isCancelled { throw .cancelled }
                var error = KafkaError(
                    .connectionFailed, "Another broker coordinates the group by now.",
                    broker: connection.broker.description, group: group, isRetriable: true)
                error.isOutcomeUnknown = true
                throw error
            }
            return try result.get()
        } catch {
            self.coordinatorFailed(.group, for: group, broker: coordinator, because: error)
            throw error
        }
    }

    /// Looks up the group's coordinator at intervals. Returns when it has changed or the task is cancelled.
    private func untilAnotherCoordinates(
        _ group: String, than coordinator: Int32, _ api: APIKey, every interval: Duration
    ) async {
        let start = self.loop.now
        while true {
            try? await self.pause(until: self.loop.now + interval)
            if Task.isCancelled { return }
            let found = try? await self.currentCoordinator(.group, for: group, deadline: self.loop.now + interval)
            if let found, found != coordinator { return }
            let waited = (self.loop.now - start).components.seconds
            self.logger(
                .info, "The group has not answered yet",
                [
                    (.api, "\(api)"),
                    (.reason, "\(found == nil ? "no coordinator is found" : "others have not joined") for \(waited) s"),
                ])
        }
    }
}
