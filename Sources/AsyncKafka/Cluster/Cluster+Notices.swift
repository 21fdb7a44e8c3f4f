// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension Cluster {
    /// Logs what is missing of the wanted topics, and reports refused ones to the failure observer.
    func tell(_ notices: [WantedTopics.Notice]) {
        for notice in notices {
            switch notice {
            case .lacking(let want, let lack):
                self.warn(of: want, lack)
            case .found(.topic(let name)):
                self.logger(.info, "The topic and its leaders are there now", [(.topic, name)])
            case .found(.firstMatch):
                self.logger(.info, "A topic matches the pattern now")
            case .moved(let partitions):
                self.logger(.info, "Other brokers lead partitions now", [(.partitions, partitions.names)])
            case .refused(let topic, let code):
                self.reportFailure(KafkaError(code, doing: "asking for a topic's partitions", topic: topic))
            }
        }
    }

    private func warn(of want: WantedTopics.Want, _ lack: WantedTopics.Lack) {
        guard case .topic(let topic) = want else {
            self.logger(
                .warning,
                """
                No topic matches the pattern. Check the pattern, and that this client may describe the topics (ACLs); \
                it goes on asking
                """)
            return
        }
        switch lack {
        case .unknown:
            self.logger(
                .warning,
                """
                The brokers don't know a topic that is wanted. Create it, or check its name and the cluster's address; \
                the client goes on asking
                """, [(.topic, topic)])
        case .unknownPartitions(let partitions):
            self.logger(
                .warning,
                "A topic has no partitions with these numbers. Check the assignment; the client goes on asking",
                [(.topic, topic), (.partition, partitions.map { "\($0)" }.joined(separator: ", "))])
        case .leaders(let partitions):
            self.logger(
                .warning,
                """
                Partitions have no leader, so nothing can be read or written there. Their brokers may be down; the client \
                goes on asking
                """, [(.topic, topic), (.partition, partitions.map { "\($0)" }.joined(separator: ", "))])
        case .refused(let code):
            self.logger(
                .warning, "A topic that is wanted is refused. Grant this client the right, or correct the name",
                [(.topic, topic), (.error, code.description)])
        }
    }
}
