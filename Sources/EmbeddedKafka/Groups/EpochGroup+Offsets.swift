// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Which offsets members may commit and read.
extension EpochGroup {
    /// Throws if the sender may not commit offsets. Returns a check of each partition: a member that is behind may commit
    /// those that it has had since the epoch that it names (KIP-1251).
    func commitCheck(
        memberID: String, instanceID: String?, epoch: Int32, isTransactional: Bool = false, version: Int16
    ) throws(BrokerError) -> @Sendable (GroupPartition) -> ErrorCode {
        let isNoMember = memberID.isEmpty && instanceID == nil && epoch == -1
        if epoch < 0, self.members.isEmpty || isTransactional && isNoMember { return { _ in .none } }
        guard let member = self.members[memberID] else { throw BrokerError(.unknownMemberId) }
        let behind: ErrorCode = member.classic == nil ? .staleMemberEpoch : .illegalGeneration
        if !isTransactional, version < 9, member.classic == nil {
            throw BrokerError(.unsupportedVersion, "Members of this group commit with OffsetCommit version 9 or later.")
        }
        if epoch == member.epoch { return { _ in .none } }
        guard epoch < member.epoch else { throw BrokerError(behind) }
        return { partition in
            guard let since = member.assigned[partition] ?? member.revoking[partition], epoch >= since else {
                return behind
            }
            return .none
        }
    }

    /// Returns why a sender may not read committed offsets. Senders that are no members may.
    func fetchRefusal(memberID: String?, epoch: Int32) -> ErrorCode {
        guard memberID != nil || epoch >= 0 else { return .none }
        guard let member = self.members[memberID ?? ""] else { return .unknownMemberId }
        if member.epoch == epoch { return .none }
        return member.classic == nil ? .staleMemberEpoch : .illegalGeneration
    }
}
