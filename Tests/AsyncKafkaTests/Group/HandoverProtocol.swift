// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport

/// How the members of a group hand partitions over: the two classic protocols, and that of KIP-848.
enum HandoverProtocol: CaseIterable, Sendable {
    case eager
    case cooperative
    case consumer

    /// A broker whose members send heartbeats often.
    static var broker: EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration()
        configuration.consumerHeartbeatInterval = .milliseconds(50)
        return configuration
    }

    /// The settings of a member that sends heartbeats often.
    func groupProtocol(session: Duration = .seconds(45)) -> GroupProtocol {
        let heartbeat = Duration.milliseconds(50)
        return switch self {
        case .eager: .classic(ClassicGroupProtocol(sessionTimeout: session, heartbeatInterval: heartbeat))
        case .cooperative:
            .classic(
                ClassicGroupProtocol(
                    assignors: [.cooperativeSticky], sessionTimeout: session, heartbeatInterval: heartbeat))
        case .consumer: .consumer(ConsumerGroupProtocol(sessionTimeout: session))
        }
    }

    var heartbeat: EmbeddedKafka.API { self == .consumer ? .consumerGroupHeartbeat : .heartbeat }

    /// The error with which a coordinator refuses the heartbeat of a member that it has removed.
    var removal: EmbeddedKafka.Fault {
        self == .consumer ? .fail(.fencedMemberEpoch) : .fail(.illegalGeneration)
    }
}

extension EmbeddedKafka {
    /// A consumer configuration with short intervals, of a member of a group.
    func consuming(_ group: String, _ handover: HandoverProtocol) -> ConsumerConfiguration {
        var configuration = self.consuming(group)
        configuration.groupProtocol = handover.groupProtocol()
        return configuration
    }

    /// Waits until a group has no members.
    func untilEmpty(_ group: String, on clock: TestClock) async throws {
        while try await self.group(group)?.members.isEmpty == false { try await clock.sleep(for: .milliseconds(10)) }
    }
}
