// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The number of an API of the Kafka protocol.
package struct APIKey: RawRepresentable, Hashable, Sendable {
    package var rawValue: Int16

    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }
}
