// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A position in a partition's log: the next offset, and the leader epoch of the record before it, if known.
struct FetchPosition: Hashable, Sendable {
    var offset: Int64
    var epoch: Int32?
}

extension RecordBatch {
    /// The position after this batch.
    var end: FetchPosition {
        FetchPosition(
            offset: self.nextOffset, epoch: self.partitionLeaderEpoch < 0 ? nil : self.partitionLeaderEpoch)
    }
}
