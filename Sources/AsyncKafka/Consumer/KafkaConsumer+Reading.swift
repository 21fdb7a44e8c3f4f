// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaConsumer {
    /// The records as a sequence of batches, which is the fastest way to read. A batch contains consecutive records of
    /// one partition as they were stored.
    ///
    /// The sequence ends when the consumer is shut down gracefully. It throws ``KafkaError`` (see
    /// ``KafkaConsumer/Batches/AsyncIterator/next()``). A new iteration, also after an error, continues where the last one stopped.
    public var batches: Batches { Batches(consumer: self) }

    /// The records as a sequence of single records. The next record of the batch in hand is returned without waiting.
    ///
    /// After the process or the machine was suspended, the end of the session is checked only once per batch: some more
    /// records of the batch in hand may be returned before `partitionsLost` is called. ``KafkaConsumer/batches`` returns none.
    ///
    /// The sequence ends when the consumer is shut down gracefully. It throws ``KafkaError`` (see
    /// ``KafkaConsumer/Batches/AsyncIterator/next()``). A new iteration, also after an error, continues where the last one stopped.
    public var records: Records { Records(consumer: self) }

    /// Returns up to `maximum` records. Waits for the first one for up to `timeout`, and adds those that are available
    /// then.
    ///
    /// As with the sequences, a call means that the records of the last call are processed. Until then they are not
    /// committed automatically, and a graceful shutdown waits for the reader. An empty array means that no record
    /// arrived in time or that the consumer is being shut down.
    ///
    /// - Parameters:
    ///   - maximum: the maximum number of records. Default: 500.
    ///   - timeout: the maximum time to wait for the first record.
    /// - Throws: `.invalidArgument` if `maximum` isn't positive; `.closed` when the consumer has been shut down;
    ///   otherwise the errors of the sequences (see ``KafkaConsumer/Batches/AsyncIterator/next()``).
    public func poll(max maximum: Int = 500, timeout: Duration) async throws(KafkaError) -> [ConsumerRecord] {
        guard maximum > 0 else {
            throw KafkaError(.invalidArgument, "poll needs a maximum of at least one record.")
        }
        if let error = self.core.state.withLock({ $0.phase == .closed ? $0.isClosedError : nil }) { throw error }
        return try await self.reader.collect(maximum, until: self.core.loop.now + timeout, for: self)
    }
}
