// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// Lets something go wrong with the next requests that fit.
    ///
    /// A request meets one fault: of those that fit it, the one that was injected first.
    ///
    /// - Parameters:
    ///   - fault: what goes wrong.
    ///   - api: only requests of this API; all if nil.
    ///   - broker: only at this broker; at all if nil.
    ///   - connection: only on the connection with this number, as `requests` shows it; on all if nil.
    ///   - clientID: only from clients that name themselves so (client.id); from all if nil.
    ///   - times: how many requests meet it; nil for all until it is removed.
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

    /// Answers requests of one API with what `body` makes of them, in place of the broker, which does nothing. Where
    /// `body` returns nil, the broker answers.
    @discardableResult
    package func answer<Request: KafkaRequest>(
        _ type: Request.Type, broker: Int? = nil, times: Int? = 1,
        _ body: @escaping @Sendable (Request, Int16) -> Request.Response?
    ) -> InjectedFault {
        self.inject(
            .answer { request, version in (request as? Request).flatMap { body($0, version) } },
            target: FaultTable.Target(api: Request.apiKey, broker: broker.map { Int32(clamping: $0) }), times: times)
    }

    /// Changes the broker's answers to requests of one API before they are sent.
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

    /// Ends all faults. Requests that have met one already stay as they are.
    public func removeFaults() {
        self.cluster.faults.removeAll()
    }

    // MARK: Requests

    /// The requests that came, in their order: the newest ones, as many as `requestLogCapacity`.
    public var requests: [Request] { self.cluster.requests.requests }

    /// Empties `requests`.
    public func forgetRequests() {
        self.cluster.requests.removeAll()
    }

    /// Waits until `requests` satisfy a condition, or until the task is cancelled.
    public func untilRequests(_ condition: @escaping @Sendable ([Request]) -> Bool) async {
        await self.cluster.requests.wait(until: condition)
    }

    /// Waits until `requests` has so many of one API, or until the task is cancelled.
    public func untilRequests(of api: API, count: Int = 1) async {
        await self.untilRequests { requests in requests.count { $0.api == api } >= count }
    }
}
