// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

extension MetricsData {
    /// The encoded form.
    package var encoded: Bytes {
        var writer = ProtobufWriter()
        writer.write(Field.MetricsData.resourceMetrics) { writer in
            writer.write(Field.ResourceMetrics.resource) { writer in
                for attribute in self.client { writer.write(Field.Resource.attributes, attribute) }
            }
            writer.write(Field.ResourceMetrics.scopeMetrics) { writer in
                for metric in self.metrics { writer.write(Field.ScopeMetrics.metrics, metric.write) }
            }
        }
        return Bytes(writer.bytes)
    }
}

extension MetricsData.Metric {
    fileprivate func write(to writer: inout ProtobufWriter) {
        typealias Field = MetricsData.Field
        writer.write(Field.Metric.name, self.name)
        // A sum begins with the same field as a gauge.
        writer.write(self.kind == .gauge ? Field.Metric.gauge : Field.Metric.sum) { writer in
            writer.write(Field.Sum.dataPoints) { writer in
                if self.start > 0 { writer.write(Field.DataPoint.start, fixed: self.start) }
                writer.write(Field.DataPoint.time, fixed: self.time)
                writer.write(Field.DataPoint.asDouble, fixed: self.value.bitPattern)
                for attribute in self.attributes { writer.write(Field.DataPoint.attributes, attribute) }
            }
            guard self.kind != .gauge else { return }
            let temporality =
                self.kind == .deltaSum ? MetricsData.Temporality.delta : MetricsData.Temporality.cumulative
            writer.write(Field.Sum.temporality, temporality)
            writer.write(Field.Sum.isMonotonic, 1)
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func write(_ field: Int, _ attribute: MetricsData.Attribute) {
        self.write(field) { writer in
            writer.write(MetricsData.Field.KeyValue.key, attribute.name)
            writer.write(MetricsData.Field.KeyValue.value) { writer in
                writer.write(MetricsData.Field.AnyValue.string, attribute.value)
            }
        }
    }
}
