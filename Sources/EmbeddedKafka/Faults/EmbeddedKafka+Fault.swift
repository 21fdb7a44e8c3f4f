// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
public import KafkaProtocol

extension EmbeddedKafka {
    /// A fault for requests, to pass to `inject`.
    public struct Fault: Sendable {
        let kind: RequestFault

        /// The request isn't handled, and the response has this error for each item of the request.
        public static func fail(_ error: ErrorCode) -> Fault { Fault(kind: .fail(error)) }
        /// The request is handled immediately, and the response is sent after `duration`.
        public static func delay(_ duration: Duration) -> Fault { Fault(kind: .delay(duration)) }
        /// The request is handled, and no response is sent. Because responses on a connection are in order, none
        /// follows.
        public static let dropAnswer = Fault(kind: .dropAnswer)
        /// The connection is closed, and the request isn't handled.
        public static let closeBeforeWork = Fault(kind: .closeBeforeWork)
        /// The request is handled, and the connection is closed without a response.
        public static let closeAfterWork = Fault(kind: .closeAfterWork)
        /// The request waits for the release of the hold before it is handled.
        public static func hold(_ hold: Hold) -> Fault { Fault(kind: .hold(hold)) }
        /// The request is handled, and the response waits for the release of the hold.
        public static func holdAnswer(_ hold: Hold) -> Fault { Fault(kind: .holdAnswer(hold)) }
        /// The request is handled, and the response has the right length and correlation ID but is otherwise invalid.
        public static let garbage = Fault(kind: .garbage)
        /// The request is handled, and these bytes are sent instead of the response and its length.
        public static func raw(_ bytes: Bytes) -> Fault { Fault(kind: .raw(bytes)) }
        /// The request is handled, and the connection is closed after `count` bytes of the response, including its
        /// length.
        public static func cut(after count: Int) -> Fault { Fault(kind: .cut(count)) }
    }

    /// A fault that has been injected.
    public struct InjectedFault: Sendable {
        let id: Int
        let table: FaultTable

        /// The number of requests that have met the fault.
        public var hits: Int { self.table.hits(of: self.id) }

        /// Removes the fault. Requests that have already met it are not affected.
        public func remove() { self.table.remove(self.id) }
    }
}
