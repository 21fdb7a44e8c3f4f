// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Filters records and writes them to standard output, a response of a broker at a time.
struct RecordWriter {
    private let filter: RecordFilter
    private let format: RecordFormat
    /// The number of records that may still be written. Nil means all.
    private var left: Int?

    init(_ consume: Consume) {
        self.filter = consume.filter
        self.format = consume.format
        self.left = consume.count
        self.isFirst = true
    }

    private var isFirst: Bool

    var isDone: Bool { self.left == 0 }

    /// The number of records to ask for. With a filter, more are read than written.
    var room: Int { self.filter.isEmpty ? min(self.left ?? 2000, 2000) : 1 }

    mutating func write(_ records: [ConsumerRecord]) throws {
        var output: [UInt8] = []
        if self.isFirst {
            self.isFirst = false
            output += self.format.heading
        }
        for record in records where self.left != 0 {
            guard self.filter.matches(record) else { continue }
            self.format.append(record, to: &output)
            self.left = self.left.map { $0 - 1 }
        }
        if !output.isEmpty { try StandardStream.output.write(output) }
    }
}
