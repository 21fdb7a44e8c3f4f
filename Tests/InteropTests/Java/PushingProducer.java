// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes records, lets the producer push its metrics for a few seconds, and prints its ID for telemetry. The arguments are the
 *  bootstrap servers, the topic, and the number of records. */
public class PushingProducer {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[0]);
        properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        String id;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
            id = producer.clientInstanceId(Duration.ofSeconds(30)).toString();
            for (int index = 0; index < Integer.parseInt(arguments[2]); index++)
                producer.send(new ProducerRecord<>(arguments[1], "v")).get();
            Thread.sleep(3000);
        }
        System.out.println(id);
    }
}
