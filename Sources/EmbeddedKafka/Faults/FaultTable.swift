// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The injected faults. Can be used from any thread.
final class FaultTable: Sendable {
    struct Target: Sendable {
        var api: APIKey?
        var broker: Int32?
        var connection: Int?
        var clientID: String?

        func matches(api: APIKey, broker: Int32, connection: Int, clientID: String) -> Bool {
            (self.api == nil || self.api == api) && (self.broker == nil || self.broker == broker)
                && (self.connection == nil || self.connection == connection)
                && (self.clientID == nil || self.clientID == clientID)
        }
    }

    private struct Entry: Sendable {
        var id: Int
        var fault: RequestFault
        var target: Target
        /// The number of requests that the fault still applies to, or nil for all.
        var left: Int?
    }

    private struct State: Sendable {
        var entries: [Entry] = []
        var hits: [Int: Int] = [:]
        var nextID = 0
    }

    private let state = Lock(State())

    func add(_ fault: RequestFault, target: Target, times: Int?) -> Int {
        self.state.withLock { state in
            state.nextID += 1
            state.entries.append(Entry(id: state.nextID, fault: fault, target: target, left: times))
            return state.nextID
        }
    }

    func remove(_ id: Int) {
        self.state.withLock { state in state.entries.removeAll { $0.id == id } }
    }

    func removeAll() {
        self.state.withLock { state in state.entries = [] }
    }

    func hits(of id: Int) -> Int {
        self.state.withLock { $0.hits[id, default: 0] }
    }

    /// Returns the fault for a request: the matching one that was injected first.
    func take(api: APIKey, broker: Int32, connection: Int, clientID: String) -> RequestFault? {
        self.state.withLock { state in
            let index = state.entries.firstIndex {
                $0.left != 0
                    && $0.target.matches(api: api, broker: broker, connection: connection, clientID: clientID)
            }
            guard let index else { return nil }
            let entry = state.entries[index]
            state.hits[entry.id, default: 0] += 1
            if let left = entry.left {
                if left == 1 { state.entries.remove(at: index) } else { state.entries[index].left = left - 1 }
            }
            return entry.fault
        }
    }
}
