// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaError {
    /// Creates the error for a code that a broker returned. `doing` completes "<code> while …", as in "storing
    /// records".
    init(
        _ brokerCode: ErrorCode, doing: String, broker: Broker? = nil, topic: String? = nil, partition: Int32? = nil,
        group: String? = nil, brokerMessage: String? = nil
    ) {
        let said = brokerMessage.map { " The broker says: \($0)" } ?? ""
        self.init(
            Self.code(for: brokerCode),
            "\(brokerCode.name ?? "Error \(brokerCode.rawValue)") while \(doing): \(brokerCode.advice)\(said)",
            brokerCode: brokerCode, broker: broker?.description, topic: topic, partition: partition, group: group,
            isRetriable: brokerCode.isRetriable, isFatal: brokerCode == .fencedInstanceId)
    }

    private static func code(for brokerCode: ErrorCode) -> Code {
        switch brokerCode {
        case .unknownTopicOrPartition, .unknownTopicId: .unknownTopicOrPartition
        case .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed,
            .transactionalIdAuthorizationFailed, .delegationTokenAuthorizationFailed:
            .authorizationFailed
        case .saslAuthenticationFailed, .illegalSaslState, .unsupportedSaslMechanism: .authenticationFailed
        case .messageTooLarge, .recordListTooLarge: .recordTooLarge
        case .offsetOutOfRange: .offsetOutOfRange
        case .corruptMessage: .corruptRecord
        case .unsupportedVersion: .unsupportedVersion
        case .invalidTopicException, .invalidGroupId: .invalidArgument
        case .fencedInstanceId: .fencedInstance
        case .producerFenced, .invalidProducerEpoch: .producerFenced
        case .requestTimedOut: .timedOut
        default: .brokerError
        }
    }
}
