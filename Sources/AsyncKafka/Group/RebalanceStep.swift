// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a membership requires of the reader, one step at a time. The group's protocol decides whether a step names all
/// partitions or some of them.
enum RebalanceStep: Hashable, Sendable {
    /// Stop delivering records of these partitions, commit, and call `partitionsRevoked`. Then they are given up.
    case revoke([TopicPartition])
    /// These partitions were assigned. The listener is called before anything is fetched from them.
    case assign([TopicPartition])
    /// These partitions are lost; another member may own them already.
    case lost([TopicPartition])

    var partitions: [TopicPartition] {
        switch self {
        case .revoke(let partitions), .assign(let partitions), .lost(let partitions): partitions
        }
    }

    /// Whether the partitions are lost, so that their offsets can't be committed.
    var isLoss: Bool {
        if case .lost = self { true } else { false }
    }
}
