// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A producer that has recently written to a partition, as the partition's leader knows it.
public struct ProducerState: Hashable, Sendable {
    /// The producer's id.
    public var producerID: Int64
    /// The producer's epoch.
    public var producerEpoch: Int32
    /// The sequence number of the last record.
    public var lastSequence: Int32
    /// The timestamp of the last record. Nil if the broker doesn't know it.
    public var lastTimestamp: Timestamp?
    /// The epoch of the transaction coordinator that has written the last marker. Nil if none was written.
    public var coordinatorEpoch: Int32?
    /// The offset of the first record of the producer's open transaction. Nil if there is none.
    public var transactionStartOffset: Int64?
}

extension ProducerState: CustomStringConvertible {
    /// The producer on one line, such as `producer 1000, epoch 0, last sequence 7, transaction from offset 12`.
    public var description: String {
        var parts = ["producer \(self.producerID)", "epoch \(self.producerEpoch)", "last sequence \(self.lastSequence)"]
        if let time = self.lastTimestamp { parts.append("last timestamp \(time)") }
        if let coordinatorEpoch { parts.append("coordinator epoch \(coordinatorEpoch)") }
        if let offset = self.transactionStartOffset { parts.append("transaction from offset \(offset)") }
        return parts.joined(separator: ", ")
    }
}
