// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing

/// `page-views sample`: prints a generated access log.
struct Sample {
    static let defaultViews = 200_000
    static let viewsOption = Option(
        "--views", .number(in: 1...Int.max), "The number of views in the sample. Default: 200000.")

    static let command = Command("sample", "prints a generated access log", takes: [Self.viewsOption]) {
        try Sample(views: $0[Self.viewsOption] ?? Self.defaultViews).run()
    }

    let views: Int

    func run() throws {
        var lines: [String] = []
        for line in SampleLog(count: self.views) {
            lines.append(line)
            guard lines.count == 1000 else { continue }
            try say(lines.joined(separator: "\n"))
            lines.removeAll(keepingCapacity: true)
        }
        if !lines.isEmpty { try say(lines.joined(separator: "\n")) }
    }
}
