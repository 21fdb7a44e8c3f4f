// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaTransactionalProducer {
    /// Whether the producer can do its work, as `KafkaProducer.health` says it.
    public var health: KafkaHealth { self.producer.health }
}
