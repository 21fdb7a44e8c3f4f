// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

struct Produce {
    let log: String?
    let views: Int
    let topic: String
    func run() async throws { throw Failure("not yet") }
}
