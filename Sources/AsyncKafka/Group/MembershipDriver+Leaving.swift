// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension MembershipDriver {
    /// Sends the request with which a member leaves. This is best effort: otherwise the group removes the member when its
    /// session times out.
    func send<C: GroupCall>(_ leaveNotice: LeaveNotice, by call: C, until deadline: MonotonicTime) async
    where C.Item == OnlyItem {
        let outcome = await self.cluster.whileReachable(until: deadline) { () async -> Result<C.Value, KafkaError> in
            let results = await self.cluster.perform(call, for: [OnlyItem()], deadline: deadline)
            return results[OnlyItem()] ?? .failure(.cancelled)
        }
        switch outcome {
        case .success?:
            self.logger(.info, "Left the group", [(.member, leaveNotice.memberID), (.reason, leaveNotice.reason)])
        case .failure(let error)?:
            self.warnOfStaying(leaveNotice, error)
        case nil:
            self.warnOfStaying(
                leaveNotice, self.cluster.timeoutError("The group was not left in time", group: call.group))
        }
    }

    private func warnOfStaying(_ leaveNotice: LeaveNotice, _ error: KafkaError) {
        self.logger(
            .warning,
            "The group could not be left: the other members get the partitions when the session times out",
            [(.member, leaveNotice.memberID), (.error, error.description)])
    }
}
