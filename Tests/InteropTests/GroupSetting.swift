// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

/// How the members of a group hand partitions over: the two classic protocols, and that of KIP-848.
enum HandoverProtocol: CaseIterable, Sendable {
    case eager
    case cooperative
    case consumer

    /// The settings of a member. Sessions of the consumer protocol are as long as the brokers say.
    func groupProtocol(session: Duration, heartbeat: Duration = .milliseconds(200)) -> GroupProtocol {
        switch self {
        case .eager: .classic(ClassicGroupProtocol(sessionTimeout: session, heartbeatInterval: heartbeat))
        case .cooperative:
            .classic(
                ClassicGroupProtocol(
                    assignors: [.cooperativeSticky], sessionTimeout: session, heartbeatInterval: heartbeat))
        case .consumer: .consumer(ConsumerGroupProtocol(sessionTimeout: session))
        }
    }
}

/// A cluster, and the protocol of the groups on it.
struct GroupSetting: Sendable, CustomTestStringConvertible {
    let environment: TestEnvironment
    let handover: HandoverProtocol

    var testDescription: String { "\(self.environment.testDescription), \(self.handover)" }

    /// Each protocol with every cluster that has it. The cooperative one is the same for brokers as the eager one, so the newest
    /// and the oldest have to do.
    static let all: [GroupSetting] = HandoverProtocol.allCases.flatMap { handover in
        TestEnvironment.all.filter { Self.has($0, handover) }.map { GroupSetting(environment: $0, handover: handover) }
    }

    /// Each protocol with the newest real Kafka.
    static let newest: [GroupSetting] = Self.all.filter { setting in
        if case .real(let installation) = setting.environment { installation == RealKafka.newest } else { false }
    }

    var isEmbedded: Bool { if case .embedded = self.environment { true } else { false } }

    /// Whether the cluster is embedded or the newest real Kafka.
    var isNewest: Bool {
        switch self.environment {
        case .embedded: true
        case .real(let installation): installation == RealKafka.newest
        }
    }

    private static func has(_ environment: TestEnvironment, _ handover: HandoverProtocol) -> Bool {
        guard case .real(let installation) = environment else { return true }
        return switch handover {
        case .eager: true
        case .cooperative: installation == RealKafka.newest || installation == RealKafka.installations.last
        case .consumer: installation.version >= KafkaVersion(4, 0)
        }
    }

    /// Sets the session of a group in the consumer protocol, which members of the others choose themselves.
    func setSession(_ session: Duration, of group: String, on cluster: TestCluster) async throws {
        guard self.handover == .consumer else { return }
        try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
            let changes = ConfigChange.set("consumer.session.timeout.ms", to: "\(session.components.seconds * 1000)")
            try await admin.incrementalAlterConfigs([.group(group): [changes]]).allSucceeded()
        }
    }
}
