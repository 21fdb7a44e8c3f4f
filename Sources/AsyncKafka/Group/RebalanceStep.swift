// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a membership asks of the reading side, one step at a time. This is all that a consumer sees of a group's
/// protocol: how many partitions a step names, all or a few, is the membership's affair.
enum RebalanceStep: Hashable, Sendable {
    /// Stop handing these out, commit, let the listener finish with them: they go once that is done.
    case revoke([TopicPartition])
    /// These have come; the listener is told before anything of them is fetched.
    case assign([TopicPartition])
    /// These have been gone for some time.
    case lost([TopicPartition])
}
