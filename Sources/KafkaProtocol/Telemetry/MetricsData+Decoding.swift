// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

extension MetricsData {
    /// Decodes what a client has pushed. Metrics of other kinds than gauges and sums are left out, and so are attributes whose values
    /// aren't text.
    package init(decoding bytes: Bytes) throws(ProtocolError) {
        self.init()
        var known: Set<Attribute> = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard field == Field.MetricsData.resourceMetrics else { continue }
            try self.addResource(value.message(), &known)
        }
    }

    private mutating func addResource(_ bytes: Bytes, _ known: inout Set<Attribute>) throws(ProtocolError) {
        var message = ProtobufReader(bytes)
        while let (field, value) = try message.next() {
            switch field {
            case Field.ResourceMetrics.resource:
                var resource = ProtobufReader(try value.message())
                while let (field, value) = try resource.next() {
                    guard field == Field.Resource.attributes, let attribute = try Attribute(decoding: value.message())
                    else { continue }
                    // Java's clients repeat these with each metric.
                    if known.insert(attribute).inserted { self.client.append(attribute) }
                }
            case Field.ResourceMetrics.scopeMetrics:
                var scope = ProtobufReader(try value.message())
                while let (field, value) = try scope.next() {
                    guard field == Field.ScopeMetrics.metrics else { continue }
                    try self.addMetric(value.message())
                }
            default: break
            }
        }
    }

    private mutating func addMetric(_ bytes: Bytes) throws(ProtocolError) {
        var message = ProtobufReader(bytes)
        var name = ""
        var points: [Metric] = []
        while let (field, value) = try message.next() {
            switch field {
            case Field.Metric.name: name = try value.text()
            case Field.Metric.gauge: points += try Self.points(value.message(), isGauge: true)
            case Field.Metric.sum: points += try Self.points(value.message(), isGauge: false)
            default: break
            }
        }
        // The name may come behind the values.
        for var point in points {
            point.name = name
            self.metrics.append(point)
        }
    }

    private static func points(_ bytes: Bytes, isGauge: Bool) throws(ProtocolError) -> [Metric] {
        var message = ProtobufReader(bytes)
        var points: [Metric] = []
        var kind = isGauge ? Kind.gauge : .cumulativeSum
        while let (field, value) = try message.next() {
            switch field {
            case Field.Sum.dataPoints:
                points.append(try Metric(decoding: value.message()))
            case Field.Sum.temporality where !isGauge:
                kind = try value.number() == Temporality.delta ? .deltaSum : .cumulativeSum
            default: break
            }
        }
        for index in points.indices { points[index].kind = kind }
        return points
    }
}

extension MetricsData.Metric {
    /// Decodes a point, without the name and kind of its metric.
    fileprivate init(decoding bytes: Bytes) throws(ProtocolError) {
        self.init("", .gauge, 0, time: 0)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case MetricsData.Field.DataPoint.start: self.start = try value.number()
            case MetricsData.Field.DataPoint.time: self.time = try value.number()
            case MetricsData.Field.DataPoint.asDouble: self.value = Double(bitPattern: try value.number())
            case MetricsData.Field.DataPoint.asInt: self.value = Double(Int64(bitPattern: try value.number()))
            case MetricsData.Field.DataPoint.attributes:
                if let attribute = try MetricsData.Attribute(decoding: value.message()) {
                    self.attributes.append(attribute)
                }
            default: break
            }
        }
    }
}

extension MetricsData.Attribute {
    /// Returns nil if the value isn't text.
    fileprivate init?(decoding bytes: Bytes) throws(ProtocolError) {
        var reader = ProtobufReader(bytes)
        var name = ""
        var text: String?
        while let (field, value) = try reader.next() {
            switch field {
            case MetricsData.Field.KeyValue.key: name = try value.text()
            case MetricsData.Field.KeyValue.value:
                var any = ProtobufReader(try value.message())
                while let (field, value) = try any.next() {
                    if field == MetricsData.Field.AnyValue.string { text = try value.text() }
                }
            default: break
            }
        }
        guard let text else { return nil }
        self.init(name, text)
    }
}
