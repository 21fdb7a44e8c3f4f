// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import Testing

/// The dashboard for Grafana shows only what there is.
@Suite struct DashboardTests {
    private struct Dashboard: Decodable {
        struct Panel: Decodable {
            struct Target: Decodable { var expr: String }
            var title: String
            var targets: [Target]?
        }
        var title: String
        var panels: [Panel]
    }

    private func dashboard() throws -> Dashboard {
        var folder = URL(filePath: #filePath)
        while !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path()) {
            folder.deleteLastPathComponent()
        }
        let data = try Data(contentsOf: folder.appending(path: "Dashboards/async-kafka.json"))
        return try JSONDecoder().decode(Dashboard.self, from: data)
    }

    @Test func itNamesOnlyMetricsAndLabelsThatExist() throws {
        let metrics = Dictionary(uniqueKeysWithValues: KafkaMetric.all.map { ($0.name, $0) })
        var shown: Set<String> = []
        for panel in try self.dashboard().panels {
            for expression in (panel.targets ?? []).map(\.expr) {
                let names = expression.matches(of: /kafka_[a-z_]+/).map { String($0.output) }
                #expect(!names.isEmpty, "\(panel.title): \(expression)")
                for name in names {
                    let base = name.replacing(/_(sum|count)$/, with: "")
                    let metric = try #require(metrics[name] ?? metrics[base], "\(panel.title): \(name)")
                    if metrics[name] == nil { #expect(metric.kind == .summary, "\(name)") }
                    shown.insert(metric.name)
                    let labels = Set(metric.labels + (metric.kind == .summary ? ["quantile"] : []))
                    let grouped = expression.matches(of: /by \(([a-z_, ]+)\)/).flatMap {
                        $0.output.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                    }
                    let selected = expression.matches(of: /([a-z_]+)=~?"/).map { String($0.output.1) }
                    #expect(Set(grouped + selected).subtracting(labels) == [], "\(panel.title): \(expression)")
                    // A counter is of use only as a rate.
                    if metric.kind == .counter { #expect(expression.contains("rate(\(name)"), "\(expression)") }
                }
            }
        }
        #expect(shown.count >= 20)
    }
}
