// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes transactions, some of which are aborted and two of which are always open, with plain records between them.
 *  Prints each value that a read_committed consumer should see. */
public class TransactionalWriter {
    private static String topic;
    private static int partitions;
    private static int number = 0;

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0];
        topic = arguments[1];
        partitions = Integer.parseInt(arguments[2]);
        String codec = arguments[3];
        if (arguments[4].equals("finish")) {
            // A producer that returns with the transactional id of an open transaction aborts it.
            open(bootstrap, codec, "undecided").close();
            return;
        }
        Random random = new Random(Long.parseLong(arguments[4]));
        Producer<String, String> a = open(bootstrap, codec, "a"), b = open(bootstrap, codec, "b");
        Producer<String, String> plain = open(bootstrap, codec, null);
        for (int round = 0; round < 12; round++) {
            boolean isAAborted = random.nextInt(3) == 0, isBAborted = random.nextBoolean();
            a.beginTransaction();
            b.beginTransaction();
            for (int step = 0; step < 20; step++) {
                boolean isA = random.nextBoolean();
                send(isA ? a : b, isA ? "a" : "b", isA ? !isAAborted : !isBAborted);
                if (step % 7 == 0) { a.flush(); b.flush(); }
            }
            send(plain, "plain", true);
            plain.flush();
            if (isAAborted) a.abortTransaction(); else a.commitTransaction();
            if (isBAborted) b.abortTransaction(); else b.commitTransaction();
        }
        a.close();
        b.close();
        Producer<String, String> undecided = open(bootstrap, codec, "undecided");
        undecided.beginTransaction();
        for (int partition = 0; partition < partitions; partition++)
            undecided.send(new ProducerRecord<>(topic, partition, null, "undecided"));
        undecided.flush();
        for (int partition = 0; partition < partitions; partition++)
            plain.send(new ProducerRecord<>(topic, partition, null, "behind"));
        plain.close();
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void send(Producer<String, String> producer, String name, boolean isSeen) {
        String value = name + " " + number;
        producer.send(new ProducerRecord<>(topic, number % partitions, null, value));
        if (isSeen) System.out.println(value);
        number++;
    }

    private static Producer<String, String> open(String bootstrap, String codec, String name) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("compression.type", codec);
        properties.put("linger.ms", "5");
        properties.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        properties.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        if (name != null) properties.put("transactional.id", topic + "-" + name);
        Producer<String, String> producer = new KafkaProducer<>(properties);
        if (name != null) producer.initTransactions();
        return producer;
    }
}
