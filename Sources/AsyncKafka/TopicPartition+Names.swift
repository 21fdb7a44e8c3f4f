// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Collection<TopicPartition> {
    /// A list of the partitions for messages: `orders-0…3, orders-7`. Ends with "…" after the first hundred ranges.
    var names: String {
        var runs: [(topic: String, numbers: ClosedRange<Int32>)] = []
        for partition in self.sorted() {
            if let last = runs.last, last.topic == partition.topic,
                last.numbers.upperBound < partition.partition, last.numbers.upperBound + 1 == partition.partition
            {
                runs[runs.count - 1].numbers = last.numbers.lowerBound...partition.partition
            } else {
                runs.append((partition.topic, partition.partition...partition.partition))
            }
        }
        let names = runs.prefix(100).map { run in
            run.numbers.count == 1
                ? "\(run.topic)-\(run.numbers.lowerBound)"
                : "\(run.topic)-\(run.numbers.lowerBound)…\(run.numbers.upperBound)"
        }
        return (names + (runs.count > 100 ? ["…"] : [])).joined(separator: ", ")
    }
}
