// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Begins a transaction for each transactional id, with a record in each of the topic's partitions, and ends without
 *  ending the transactions. The arguments are the bootstrap servers, the topic, its number of partitions, a group or
 *  "-", and the transactional ids. If there is a group, offset 1 of partition 0 is part of the first transaction. */
public class OpenTransactions {
    @SuppressWarnings({"deprecation", "removal"})
    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1], group = arguments[3];
        List<Producer<String, String>> producers = new ArrayList<>();
        for (int index = 4; index < arguments.length; index++) {
            Properties properties = new Properties();
            properties.put("bootstrap.servers", arguments[0]);
            properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
            properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
            properties.put("transactional.id", arguments[index]);
            properties.put("transaction.timeout.ms", "600000");
            Producer<String, String> producer = new KafkaProducer<>(properties);
            producers.add(producer);
            producer.initTransactions();
            producer.beginTransaction();
            for (int partition = 0; partition < Integer.parseInt(arguments[2]); partition++)
                producer.send(new ProducerRecord<>(topic, partition, null, "undecided"));
            if (!group.equals("-") && index == 4)
                producer.sendOffsetsToTransaction(
                    Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1)), new ConsumerGroupMetadata(group));
            producer.flush();
        }
        Runtime.getRuntime().halt(0);
    }
}
