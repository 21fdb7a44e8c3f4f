// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension MetadataRequest {
    /// The limit for responses about named topics, because a decoded response takes ten times its encoded size.
    ///
    /// A partition counts as one element, and each of its replicas as two or three.
    package var answerElementLimit: Int {
        guard let topics = self.topics, !topics.isEmpty else { return .max }
        return 1_000_000 + 10_000 * topics.count
    }
}
