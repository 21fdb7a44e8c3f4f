// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

extension KafkaClientConfiguration {
    /// The cluster that `BOOTSTRAP_SERVERS` names.
    static func fromEnvironment() -> KafkaClientConfiguration {
        let servers = ProcessInfo.processInfo.environment["BOOTSTRAP_SERVERS"] ?? "localhost:9092"
        return KafkaClientConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
    }
}
