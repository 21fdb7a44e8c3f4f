// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Synchronization

/// The memory of the answers that wait for the reader, in bytes.
final class HeldBytes: Sendable {
    private let held = Atomic(0)

    var count: Int { self.held.load(ordering: .relaxed) }

    fileprivate func add(_ bytes: Int) { self.held.add(bytes, ordering: .relaxed) }
}

/// The records of one answer of a broker, which are in memory as a whole: the batches are slices of it, and one that is left keeps all
/// of it. It counts until the last batch has been read, dropped or refused.
final class FetchedAnswer: Sendable {
    private let byteCount: Int
    private let held: HeldBytes

    init(byteCount: Int, in held: HeldBytes) {
        self.byteCount = byteCount
        self.held = held
        held.add(byteCount)
    }

    deinit { self.held.add(-self.byteCount) }
}

/// A batch, and the answer whose memory it keeps.
struct FetchedBatch: Sendable {
    let batch: RecordBatch
    let answer: FetchedAnswer?
}
