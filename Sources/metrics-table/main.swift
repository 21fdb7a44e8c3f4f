// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// Prints all metrics as the table of the article about them (`scripts/metrics-table`).
import AsyncKafka

print("| Name | Kind | Unit | Labels | Meaning |")
print("|---|---|---|---|---|")
for metric in KafkaMetric.all {
    let labels = metric.labels.dropFirst(2).map { "`\($0)`" }.joined(separator: ", ")
    print("| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.unit) | \(labels) | \(metric.meaning) |")
}
