// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Under which name an idempotent producer writes: brokers drop what they have seen from it already (KIP-98).
struct ProducerIdentity: Hashable, Sendable {
    var id: Int64
    var epoch: Int16

    /// The same producer one epoch on, where sequences begin at 0 again; nil after the last epoch.
    ///
    /// Without transactions no coordinator takes part, and brokers keep the epoch for each partition by itself. So
    /// each partition raises its own (KIP-360 does it for all at once) and disturbs no other.
    var nextEpoch: ProducerIdentity? {
        self.epoch == .max ? nil : ProducerIdentity(id: self.id, epoch: self.epoch + 1)
    }
}
