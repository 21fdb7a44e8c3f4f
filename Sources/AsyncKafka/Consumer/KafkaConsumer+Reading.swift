// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaConsumer {
    /// The records, batch by batch: the fast way to read. One batch has records of one partition, as they were stored.
    ///
    /// The sequence ends when the consumer is shut down gracefully, and throws `KafkaError`. It can be begun again, also
    /// after an error: reading goes on where it stopped.
    public var batches: Batches { Batches(consumer: self) }

    /// The records, one by one. While records of a batch are left, the next one is there at once.
    ///
    /// Whether the group may have given this member up, after the process or the machine stood still, is looked at once a
    /// batch: a few more records of the batch in hand may come before `partitionsLost`. `batches` hands out none.
    ///
    /// The sequence ends when the consumer is shut down gracefully, and throws `KafkaError`. It can be begun again, also
    /// after an error: reading goes on where it stopped.
    public var records: Records { Records(consumer: self) }

    /// Up to `maximum` records: waits until there is one, or `timeout` is over, and takes what is there by then.
    ///
    /// As with the sequences, calling it says that you are done with what the last call returned: until then that is not
    /// committed by itself, and a graceful shutdown waits for it. An empty array means that nothing came in time, or that the
    /// consumer is being shut down.
    ///
    /// - Throws: `.closed` when the consumer has been shut down; otherwise what the sequences throw.
    public func poll(max maximum: Int = 500, timeout: Duration) async throws(KafkaError) -> [ConsumerRecord] {
        guard maximum > 0 else {
            throw KafkaError(.invalidArgument, "poll needs a maximum of at least one record.")
        }
        if let error = self.core.state.withLock({ $0.phase == .closed ? $0.isClosedError : nil }) { throw error }
        return try await self.reader.collect(maximum, until: self.core.loop.now + timeout, for: self)
    }
}
