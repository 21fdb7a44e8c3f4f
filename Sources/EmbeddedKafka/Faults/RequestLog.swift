// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The received requests, oldest first. Can be used from any thread.
final class RequestLog: Sendable {
    private let capacity: Int
    private let kept = Watched<[EmbeddedKafka.Request]>([])

    init(capacity: Int) {
        self.capacity = max(capacity, 0)
    }

    var requests: [EmbeddedKafka.Request] { Array(self.kept.value.suffix(self.capacity)) }

    func add(_ request: EmbeddedKafka.Request) {
        let capacity = self.capacity
        self.kept.update { requests in
            requests.append(request)
            // Removing from the front moves all other elements, so do it rarely.
            if requests.count > 2 * capacity { requests.removeFirst(requests.count - capacity) }
        }
    }

    func removeAll() {
        self.kept.update { $0 = [] }
    }

    func wait(until isEnough: @escaping @Sendable ([EmbeddedKafka.Request]) -> Bool) async {
        await self.kept.wait(until: isEnough)
    }
}
