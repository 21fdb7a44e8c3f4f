// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory
public import KafkaProtocol

extension EmbeddedKafka {
    /// What goes wrong with a request: given to `inject`.
    public struct Fault: Sendable {
        let kind: RequestFault

        /// The work isn't done, and the answer carries this error wherever the request names something.
        public static func fail(_ error: ErrorCode) -> Fault { Fault(kind: .fail(error)) }
        /// The work is done at once, and the answer comes this much later.
        public static func delay(_ duration: Duration) -> Fault { Fault(kind: .delay(duration)) }
        /// The work is done, and no answer ever comes. As answers on a connection come in order, the connection is
        /// silent from then on.
        public static let dropAnswer = Fault(kind: .dropAnswer)
        /// The connection is closed, and nothing is done.
        public static let closeBeforeWork = Fault(kind: .closeBeforeWork)
        /// The work is done, and the connection is closed without an answer.
        public static let closeAfterWork = Fault(kind: .closeAfterWork)
        /// The request waits, before anything is done, until the hold is released.
        public static func hold(_ hold: Hold) -> Fault { Fault(kind: .hold(hold)) }
        /// The work is done, and the answer waits until the hold is released.
        public static func holdAnswer(_ hold: Hold) -> Fault { Fault(kind: .holdAnswer(hold)) }
        /// The work is done, and the answer has its right length and correlation id but makes no sense otherwise.
        public static let garbage = Fault(kind: .garbage)
        /// The work is done, and these bytes are sent in place of the answer and its length.
        public static func raw(_ bytes: Bytes) -> Fault { Fault(kind: .raw(bytes)) }
        /// The work is done, and the connection is closed after so many bytes of the answer, its length included.
        public static func cut(after count: Int) -> Fault { Fault(kind: .cut(count)) }
    }

    /// A fault that has been injected.
    public struct InjectedFault: Sendable {
        let id: Int
        let table: FaultTable

        /// How many requests have met it.
        public var hits: Int { self.table.hits(of: self.id) }

        /// Ends it. Requests that have met it already stay as they are.
        public func remove() { self.table.remove(self.id) }
    }
}
