// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

struct Count {
    let topic: String
    let group: String
    let store: String
    let untilIdle: Duration?
    func run() async throws { throw Failure("not yet") }
}
