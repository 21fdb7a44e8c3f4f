// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What a member may do if the group refuses its protocol. Pure.
enum OtherProtocol: Sendable {
    /// The protocol is fixed.
    case none
    /// The member may join by the other protocol (`GroupProtocol.automatic`).
    case untried
    /// The group has refused the other protocol, too, since this member last was in the group.
    case refused(KafkaError)

    /// Whether the member joins by the other protocol if the group refuses its own.
    var isUntried: Bool { if case .untried = self { true } else { false } }

    /// The error of a group that takes the member by neither protocol; `refusal` if only one was tried.
    func explain(_ refusal: KafkaError) -> KafkaError {
        guard case .refused(let other) = self else { return refusal }
        var error = refusal
        error.message += " Before that, the group refused the other protocol: \(other.message)"
        error.underlyingError = other
        return error
    }

    /// Lets the other protocol be tried again.
    mutating func reset() { if case .refused = self { self = .untried } }
}

extension KafkaError {
    /// Whether it is the refusal of a member in the consumer protocol by a broker or group that has only the classic one.
    var refusesConsumerProtocol: Bool { self.code == .unsupportedVersion || self.brokerCode == .groupIdNotFound }

    /// Whether it is the refusal of a member in the classic protocol. The group may have another type, or its members have no
    /// assignor in common.
    var refusesClassicProtocol: Bool { self.brokerCode == .inconsistentGroupProtocol }
}
