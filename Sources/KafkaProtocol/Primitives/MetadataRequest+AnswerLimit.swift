// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension MetadataRequest {
    /// About named topics only so much is believed: decoded, a hostile answer takes ten times its bytes. A partition is one
    /// element, and each of its replicas two or three.
    package var answerElementLimit: Int {
        guard let topics = self.topics, !topics.isEmpty else { return .max }
        return 1_000_000 + 10_000 * topics.count
    }
}
