// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** What `kafka-bench member` is for this project's client: `Member BOOTSTRAP TOPIC GROUP PROTOCOL SESSION-SECONDS`. */
public class Member implements ConsumerRebalanceListener {
    private static final String ASSIGNORS = "org.apache.kafka.clients.consumer.";

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[0]);
        properties.put("group.id", arguments[2]);
        properties.put("auto.offset.reset", "earliest");
        for (String what : List.of("key", "value"))
            properties.put(what + ".deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        switch (arguments[3]) {
            case "eager" -> properties.put("partition.assignment.strategy", ASSIGNORS + "RangeAssignor");
            case "cooperative" -> properties.put("partition.assignment.strategy", ASSIGNORS + "CooperativeStickyAssignor");
            default -> properties.put("group.protocol", "consumer");
        }
        if (!arguments[3].equals("consumer"))
            properties.put("session.timeout.ms", Integer.parseInt(arguments[4]) * 1000);
        KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try { main.join(); } catch (InterruptedException ignored) { }
        }));
        consumer.subscribe(List.of(arguments[1]), new Member());
        StringBuilder lines = new StringBuilder();
        try {
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100)))
                    lines.append("r ").append(record.partition()).append(' ').append(record.offset()).append(' ')
                        .append(now()).append('\n');
                System.out.print(lines);
                System.out.flush();
                lines.setLength(0);
            }
        } catch (WakeupException stopped) {
            consumer.close();
        }
    }

    @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) { say("+", partitions); }
    @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) { say("-", partitions); }

    private static void say(String what, Collection<TopicPartition> partitions) {
        StringBuilder line = new StringBuilder(what);
        for (TopicPartition partition : partitions) line.append(' ').append(partition.partition());
        System.out.println(line.append(' ').append(now()));
    }

    private static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
    }
}
