// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a membership requires of the reader, one step at a time. The protocol decides whether a step names all partitions or
/// some.
enum RebalanceStep: Hashable, Sendable {
    /// Stop handing these out, commit, let the listener finish with them: they go once that is done.
    case revoke([TopicPartition])
    /// These have come; the listener is told before anything of them is fetched.
    case assign([TopicPartition])
    /// These have been gone for some time.
    case lost([TopicPartition])

    var partitions: [TopicPartition] {
        switch self {
        case .revoke(let partitions), .assign(let partitions), .lost(let partitions): partitions
        }
    }

    /// Whether the partitions are gone already, so that nothing of them can be committed.
    var isLoss: Bool {
        if case .lost = self { true } else { false }
    }
}
