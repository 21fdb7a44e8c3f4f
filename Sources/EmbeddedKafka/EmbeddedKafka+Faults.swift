// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// Injects a fault into the next matching requests.
    ///
    /// A request meets at most one fault: the matching one that was injected first.
    ///
    /// - Parameters:
    ///   - fault: The fault.
    ///   - api: The API whose requests meet the fault, or nil for all.
    ///   - broker: The broker whose requests meet the fault, or nil for all.
    ///   - connection: The number of the connection whose requests meet the fault, as in ``EmbeddedKafka/requests``, or nil for all.
    ///   - clientID: The client ID (`client.id`) whose requests meet the fault, or nil for all.
    ///   - times: The number of requests that meet the fault, or nil for all until it is removed. Default: 1.
    /// - Returns: The injected fault, to count its hits and to remove it.
    @discardableResult
    public func inject(
        _ fault: Fault, on api: API? = nil, broker: Int? = nil, connection: Int? = nil, clientID: String? = nil,
        times: Int? = 1
    ) -> InjectedFault {
        self.inject(
            fault.kind,
            target: FaultTable.Target(
                api: api.map { APIKey(rawValue: $0.rawValue) }, broker: broker.map { Int32(clamping: $0) },
                connection: connection, clientID: clientID),
            times: times)
    }

    /// Responds to requests of one API with the result of `body` instead of handling them. If `body` returns nil, the
    /// broker handles the request.
    @discardableResult
    package func answer<Request: KafkaRequest>(
        _ type: Request.Type, broker: Int? = nil, times: Int? = 1,
        _ body: @escaping @Sendable (Request, Int16) -> Request.Response?
    ) -> InjectedFault {
        self.inject(
            .answer { request, version in (request as? Request).flatMap { body($0, version) } },
            target: FaultTable.Target(api: Request.apiKey, broker: broker.map { Int32(clamping: $0) }), times: times)
    }

    /// Changes the broker's responses to requests of one API before they are sent.
    @discardableResult
    package func rewrite<Request: KafkaRequest>(
        _ type: Request.Type, broker: Int? = nil, times: Int? = 1,
        _ body: @escaping @Sendable (Request, Int16, inout Request.Response) -> Void
    ) -> InjectedFault {
        self.inject(
            .rewrite { request, version, response in
                guard let request = request as? Request, var changed = response as? Request.Response else {
                    return response
                }
                body(request, version, &changed)
                return changed
            },
            target: FaultTable.Target(api: Request.apiKey, broker: broker.map { Int32(clamping: $0) }), times: times)
    }

    private func inject(_ fault: RequestFault, target: FaultTable.Target, times: Int?) -> InjectedFault {
        let faults = self.cluster.faults
        return InjectedFault(id: faults.add(fault, target: target, times: times.map { max($0, 0) }), table: faults)
    }

    /// Removes all faults. Requests that have already met one are not affected.
    public func removeFaults() {
        self.cluster.faults.removeAll()
    }

    // MARK: Requests

    /// The received requests in order, limited to the newest `requestLogCapacity`.
    public var requests: [Request] { self.cluster.requests.requests }

    /// Removes all entries from ``EmbeddedKafka/requests``.
    public func forgetRequests() {
        self.cluster.requests.removeAll()
    }

    /// Waits until ``EmbeddedKafka/requests`` satisfies a condition, or until the task is cancelled.
    public func untilRequests(_ condition: @escaping @Sendable ([Request]) -> Bool) async {
        await self.cluster.requests.wait(until: condition)
    }

    /// Waits until ``EmbeddedKafka/requests`` has `count` requests of one API, or until the task is cancelled.
    public func untilRequests(of api: API, count: Int = 1) async {
        await self.untilRequests { requests in requests.count { $0.api == api } >= count }
    }
}
