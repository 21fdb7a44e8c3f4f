// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Pictures of a histogram, with a bar for each doubling of the duration.
struct HistogramChart {
    struct Bar: Hashable {
        /// The microseconds from which on durations count here.
        var start: Int64
        var count: Int
    }

    let bars: [Bar]
    private let histogram: LatencyHistogram

    init(_ histogram: LatencyHistogram) {
        self.histogram = histogram
        var bars: [Bar] = []
        var start: Int64 = 1
        while start < 1 << 40 {
            // Below a millisecond and above, the first bar has all that is shorter.
            bars.append(Bar(start: start, count: histogram.count(in: (start == 1 ? 0 : start)..<2 * start)))
            start *= 2
        }
        let first = bars.firstIndex { $0.count > 0 } ?? 0
        let last = bars.lastIndex { $0.count > 0 } ?? 0
        self.bars = Array(bars[first...last])
    }

    /// The lines of a chart for a terminal.
    func lines(width: Int) -> [String] {
        let highest = max(self.bars.map(\.count).max() ?? 1, 1)
        let labels = self.bars.map { Self.label($0.start) + " – " + Self.label(2 * $0.start) }
        let labelWidth = labels.map(\.count).max() ?? 0
        let room = max(10, width - labelWidth - 24)
        return zip(self.bars, labels).map { bar, label in
            let eighths = bar.count * room * 8 / highest
            let blocks = Array("▏▎▍▌▋▊▉")
            var picture = String(repeating: "█", count: eighths / 8)
            if eighths % 8 > 0 { picture.append(blocks[eighths % 8 - 1]) }
            if bar.count > 0, picture.isEmpty { picture = "▏" }
            let padding = String(repeating: " ", count: labelWidth - label.count)
            return bar.count == 0 ? "\(padding)\(label)" : "\(padding)\(label)  \(picture) \(bar.count.grouped)"
        }
    }

    /// A duration with its unit: `256 µs`, `1.02 ms`, `4.2 s`.
    static func label(_ microseconds: Int64) -> String {
        if microseconds < 1000 { return "\(microseconds) µs" }
        let (value, unit) = microseconds < 1_000_000 ? (microseconds, "ms") : (microseconds / 1000, "s")
        // Three digits are enough.
        let digits = value < 10_000 ? 2 : value < 100_000 ? 1 : 0
        return "\((Double(value) / 1000).text(decimals: digits)) \(unit)"
    }

    /// A picture in SVG, with the percentiles as lines.
    func svg(title: String) -> String {
        let (width, height, left, bottom, top) = (960.0, 420.0, 70.0, 60.0, 50.0)
        let highest = Double(max(self.bars.map(\.count).max() ?? 1, 1))
        let barWidth = (width - left - 20) / Double(self.bars.count)
        func x(_ microseconds: Int64) -> Double {
            let start = Double(self.bars[0].start)
            let place = log2(Double(max(microseconds, 1)) / start)
            return left + min(max(place, 0), Double(self.bars.count)) * barWidth
        }
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>",
            "<text x=\"\(left)\" y=\"26\" font-size=\"16\">\(title.xmlEscaped)</text>",
        ]
        for (index, bar) in self.bars.enumerated() {
            let tall = Double(bar.count) / highest * (height - bottom - top)
            let start = left + Double(index) * barWidth
            parts.append(
                "<rect x=\"\((start + 1).text(decimals: 1))\" y=\"\((height - bottom - tall).text(decimals: 1))\" "
                    + "width=\"\((barWidth - 2).text(decimals: 1))\" height=\"\(tall.text(decimals: 1))\" fill=\"#4477aa\"/>"
            )
            parts.append(
                "<text x=\"\(start.text(decimals: 1))\" y=\"\(height - bottom + 18)\" text-anchor=\"middle\">"
                    + "\(Self.label(bar.start))</text>")
        }
        for (part, name) in [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")] {
            let duration = self.histogram.percentile(part).microseconds
            let place = x(duration).text(decimals: 1)
            parts.append(
                "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(top)\" y2=\"\(height - bottom)\" stroke=\"#cc3311\"/>"
                    + "<text x=\"\(place)\" y=\"\(top - 6)\" text-anchor=\"middle\" fill=\"#cc3311\">\(name) "
                    + "\(Self.label(duration))</text>")
        }
        parts.append(
            "<text x=\"\(left)\" y=\"\(height - 12)\">\(self.histogram.count.grouped) durations, by doublings</text>")
        return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }
}

extension Double {
    /// The number with so many digits after the point.
    func text(decimals: Int) -> String {
        let factor = [1.0, 10, 100, 1000][min(max(decimals, 0), 3)]
        let scaled = (self.magnitude * factor).rounded()
        guard scaled < 1e15 else { return "\(self)" }
        let sign = self < 0 && scaled > 0 ? "-" : ""
        let whole = Int(scaled) / Int(factor)
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(Int(scaled) % Int(factor))
        return "\(sign)\(whole).\(String(repeating: "0", count: min(decimals, 3) - fraction.count))\(fraction)"
    }
}

extension String {
    fileprivate var xmlEscaped: String {
        self.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }.joined()
    }
}
