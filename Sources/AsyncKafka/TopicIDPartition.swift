// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A partition of a topic that is identified by its id. A topic that is deleted and created again has another id.
struct TopicIDPartition: Hashable, Sendable {
    var topicID: KafkaUUID
    var partition: Int32

    init(_ topicID: KafkaUUID, _ partition: Int32) {
        self.topicID = topicID
        self.partition = partition
    }
}
