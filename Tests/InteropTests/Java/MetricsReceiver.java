// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.server.telemetry.ClientTelemetry;
import org.apache.kafka.server.telemetry.ClientTelemetryPayload;
import org.apache.kafka.server.telemetry.ClientTelemetryReceiver;
import org.apache.kafka.shaded.io.opentelemetry.proto.common.v1.KeyValue;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.Metric;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.MetricsData;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.ScopeMetrics;

/** Runs in a broker and appends a line for each metric that a client pushes to the file of the setting `test.metrics.file`: the
 *  client's ID, whether it is the last push, the content type, the client's attributes, and the metric's name, kind, attributes and
 *  value, separated by tabs. */
@SuppressWarnings({"deprecation", "removal"})
public class MetricsReceiver implements MetricsReporter, ClientTelemetry {
    private Path file;

    @Override public void configure(Map<String, ?> settings) {
        this.file = Path.of(String.valueOf(settings.get("test.metrics.file")));
    }

    @Override public ClientTelemetryReceiver clientReceiver() {
        return (context, payload) -> this.take(payload);
    }

    private synchronized void take(ClientTelemetryPayload payload) {
        try {
            StringBuilder lines = new StringBuilder();
            for (ResourceMetrics resource : MetricsData.parseFrom(payload.data()).getResourceMetricsList())
                for (ScopeMetrics scope : resource.getScopeMetricsList())
                    for (Metric metric : scope.getMetricsList()) {
                        boolean isSum = metric.hasSum();
                        List<NumberDataPoint> points =
                            isSum ? metric.getSum().getDataPointsList() : metric.getGauge().getDataPointsList();
                        String kind = isSum ? metric.getSum().getAggregationTemporality().name() : "GAUGE";
                        for (NumberDataPoint point : points)
                            lines.append(String.join("\t",
                                payload.clientInstanceId().toString(), String.valueOf(payload.isTerminating()),
                                payload.contentType(), text(resource.getResource().getAttributesList()),
                                metric.getName(), kind, text(point.getAttributesList()),
                                String.valueOf(point.hasAsInt() ? point.getAsInt() : point.getAsDouble()))).append('\n');
                    }
            Files.writeString(this.file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static String text(List<KeyValue> attributes) {
        TreeMap<String, String> sorted = new TreeMap<>();
        for (KeyValue attribute : attributes) sorted.put(attribute.getKey(), attribute.getValue().getStringValue());
        return sorted.toString();
    }

    @Override public void init(List<KafkaMetric> metrics) {}
    @Override public void metricChange(KafkaMetric metric) {}
    @Override public void metricRemoval(KafkaMetric metric) {}
    @Override public void close() {}
}
