// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import async_kafka

struct LatencyHistogramTests {
    @Test func percentilesAreExactToThreePercent() {
        var histogram = LatencyHistogram()
        for microseconds in 1...100_000 { histogram.add(.microseconds(microseconds)) }
        for part in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let expected = part * 100_000
            let found = Double(histogram.percentile(part).microseconds)
            #expect(abs(found - expected) / expected < 0.035, "\(part): \(found)")
        }
        #expect(histogram.percentile(1) == .microseconds(100_000))
        #expect(histogram.maximum == .microseconds(100_000))
        #expect(histogram.minimum == .microseconds(1))
        #expect(histogram.mean == .microseconds(50_000) + .nanoseconds(500))
    }

    @Test func anyDurationIsCounted() {
        var histogram = LatencyHistogram()
        for duration in [
            Duration.zero, .seconds(-1), .nanoseconds(1), .seconds(1 << 40), .microseconds(31), .microseconds(32),
        ] {
            histogram.add(duration)
        }
        #expect(histogram.count == 6)
        #expect(histogram.percentile(0.5) <= .microseconds(1))
        #expect(LatencyHistogram().percentile(0.5) == .zero)
        #expect(LatencyHistogram().mean == .zero)
    }

    @Test func theChartHasABarForEachDoubling() {
        var histogram = LatencyHistogram()
        for _ in 0..<100 { histogram.add(.microseconds(300)) }
        for _ in 0..<50 { histogram.add(.microseconds(1500)) }
        let chart = HistogramChart(histogram)
        #expect(chart.bars.map(\.start) == [256, 512, 1024])
        #expect(chart.bars.map(\.count) == [100, 0, 50])
        #expect(
            chart.lines(width: 54) == [
                "  256 µs – 512 µs  █████████████ 100", " 512 µs – 1.02 ms", "1.02 ms – 2.05 ms  ██████▌ 50",
            ])
        let svg = chart.svg(title: "a < b")
        #expect(svg.contains("a &lt; b") && svg.hasSuffix("</svg>\n"))
    }

    @Test func numbersAreWrittenWithTheirDigits() {
        #expect(1.005.text(decimals: 2) == "1.00", "the number is a little less")
        #expect(12.0.text(decimals: 1) == "12.0")
        #expect((-0.25).text(decimals: 2) == "-0.25")
        #expect(3.7.text(decimals: 0) == "4")
        #expect(HistogramChart.label(999) == "999 µs")
        #expect(HistogramChart.label(1024) == "1.02 ms")
        #expect(HistogramChart.label(2_097_152) == "2.10 s")
    }
}

struct LagChartsTests {
    @Test func theHighestLagReachesTheTop() {
        var charts = LagCharts()
        for lag in [0, 50, 100, 25] as [Int64] { charts.add([("billing", lag), ("idle", 0)]) }
        #expect(charts.chart(of: "billing", width: 10) == "▁▅█▃")
        #expect(charts.chart(of: "billing", width: 2) == "█▃")
        #expect(charts.chart(of: "idle", width: 10) == "▁▁▁▁")
        #expect(charts.chart(of: "unknown", width: 10) == "")
    }

    @Test func aGroupThatIsGoneIsForgotten() {
        var charts = LagCharts()
        charts.add([("a", 1)])
        charts.add([("b", 1)])
        #expect(charts.chart(of: "a", width: 10) == "")
    }

    @Test func theScreenFitsTheTerminal() {
        var charts = LagCharts()
        let rows = (0..<50).map {
            Lag.Row(group: "group-\($0)", partitions: 1, committed: 1, lag: Int64($0), largest: nil)
        }
        charts.add(rows.map { ($0.group, $0.lag) })
        let screen = Lag.screen(rows, charts, (columns: 60, lines: 10))
        #expect(screen.split(separator: "\n").count <= 10)
        #expect(screen.hasPrefix("\u{1b}[H") && screen.hasSuffix("\u{1b}[J"))
    }
}
