// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The producer id and epoch of an idempotent producer, by which brokers detect duplicates (KIP-98).
struct ProducerIdentity: Hashable, Sendable {
    var id: Int64
    var epoch: Int16

    /// The same producer id with the next epoch, in which sequence numbers start at 0 again. Nil after the last epoch.
    ///
    /// Without transactions no coordinator is involved, and brokers track the epoch for each partition separately. So
    /// each partition bumps its epoch without affecting the others (KIP-360 bumps it for all at once).
    var nextEpoch: ProducerIdentity? {
        self.epoch == .max ? nil : ProducerIdentity(id: self.id, epoch: self.epoch + 1)
    }
}
