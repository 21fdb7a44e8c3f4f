// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Membership {
    /// Why the consumer is not a member of the group that it has subscribed in; nil if it is one.
    var reasonForAbsence: String? {
        switch self {
        case .none: return nil
        case .classic(let machine):
            switch machine.state {
            case .failed: return Self.failed(machine.failure)
            case .suspended: return Self.suspended
            default: return machine.isMember ? nil : Self.joining
            }
        case .consumer(let machine):
            switch machine.state {
            case .failed: return Self.failed(machine.failure)
            case .suspended: return Self.suspended
            default: return machine.isMember ? nil : Self.joining
            }
        }
    }

    private static let joining = "The consumer has not joined its group yet."
    private static let suspended =
        "The consumer has left its group, because its reader has not asked for records within maxPollInterval."

    private static func failed(_ error: KafkaError?) -> String {
        "The consumer can't join its group.\(error.map { " \($0.message)" } ?? "")"
    }
}
