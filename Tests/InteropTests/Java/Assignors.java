// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** Runs Kafka's assignors on groups, and prints their assignments and the bytes that Kafka's members send.
 *
 *  The input has a line per topic and member, and `assign` after each group:
 *  `topic NAME RACK,RACK;RACK;-` (the racks of each partition), `member ID INSTANCE RACK EAGER COOPERATIVE` (the
 *  subscriptions in hexadecimal, `-` for none). `bytes TOPICS PARTITIONS GENERATION RACK` asks for the bytes of a
 *  member. */
public class Assignors {
    private static final Map<String, Node> racks = new TreeMap<>();
    private static List<PartitionInfo> partitions = new ArrayList<>();
    private static Map<String, Subscription> eager = new LinkedHashMap<>(), cooperative = new LinkedHashMap<>();

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "topic" -> readTopic(words[1], words[2].split(";"));
                case "member" -> {
                    eager.put(words[1], read(words[4], words[2]));
                    cooperative.put(words[1], read(words[5], words[2]));
                }
                case "assign" -> assign();
                case "bytes" -> printBytes(list(words[1]), partitions(words[2]), Integer.parseInt(words[3]), words[4]);
            }
        }
    }

    private static void readTopic(String topic, String[] racksOfPartitions) {
        for (int number = 0; number < racksOfPartitions.length; number++) {
            Node[] replicas = list(racksOfPartitions[number]).stream()
                .map(rack -> racks.computeIfAbsent(rack, name -> new Node(racks.size(), "localhost", 1, name)))
                .toArray(Node[]::new);
            partitions.add(new PartitionInfo(topic, number, null, replicas, replicas));
        }
    }

    private static Subscription read(String hex, String instance) {
        Subscription subscription = ConsumerProtocol.deserializeSubscription(
            ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
        if (!hex.equals(hex(ConsumerProtocol.serializeSubscription(subscription))))
            System.out.println("different " + hex);
        if (!instance.equals("-")) subscription.setGroupInstanceId(Optional.of(instance));
        return subscription;
    }

    private static void assign() {
        Set<Node> nodes = new LinkedHashSet<>(racks.values());
        Cluster cluster = new Cluster("cluster", nodes, partitions, Set.of(), Set.of());
        print("range", run(new RangeAssignor(), cluster, eager));
        print("roundrobin", run(new RoundRobinAssignor(), cluster, eager));
        print("sticky", run(new StickyAssignor(), cluster, eager));
        // Partitions that are withheld are assigned in a later round.
        Map<String, List<TopicPartition>> now = run(new CooperativeStickyAssignor(), cluster, cooperative), before = null;
        for (int round = 0; round < 10 && !now.equals(before); round++) {
            Map<String, Subscription> next = new LinkedHashMap<>();
            for (String member : cooperative.keySet()) {
                Subscription old = cooperative.get(member);
                Subscription subscription = new Subscription(
                    old.topics(), null, now.get(member), 1000 + round, old.rackId());
                subscription.setGroupInstanceId(old.groupInstanceId());
                next.put(member, subscription);
            }
            before = now;
            now = run(new CooperativeStickyAssignor(), cluster, next);
        }
        print("cooperative-sticky", now);
        partitions = new ArrayList<>();
        eager = new LinkedHashMap<>();
        cooperative = new LinkedHashMap<>();
    }

    private static Map<String, List<TopicPartition>> run(
            ConsumerPartitionAssignor assignor, Cluster cluster, Map<String, Subscription> subscriptions) {
        Map<String, List<TopicPartition>> result = new TreeMap<>();
        assignor.assign(cluster, new GroupSubscription(subscriptions)).groupAssignment()
            .forEach((member, assignment) -> result.put(member, assignment.partitions()));
        return result;
    }

    private static void print(String assignor, Map<String, List<TopicPartition>> assignment) {
        StringBuilder text = new StringBuilder(assignor);
        assignment.forEach((member, partitions) -> {
            text.append(" ").append(member).append("=");
            text.append(String.join(",", partitions.stream().map(TopicPartition::toString).toList()));
        });
        System.out.println(text);
    }

    /** Prints the subscription in versions 0 to 3 with the user data of the sticky assignor, and the other user data. */
    private static void printBytes(
            List<String> topics, List<TopicPartition> owned, int generation, String rack) throws Exception {
        ConsumerGroupMetadata metadata = new ConsumerGroupMetadata("g", generation, "m", Optional.empty());
        StickyAssignor sticky = new StickyAssignor();
        sticky.onAssignment(new Assignment(owned), metadata);
        CooperativeStickyAssignor cooperativeSticky = new CooperativeStickyAssignor();
        cooperativeSticky.onAssignment(new Assignment(owned), metadata);
        StringBuilder text = new StringBuilder("bytes");
        for (short version = 0; version <= 3; version++) {
            ByteBuffer data = sticky.subscriptionUserData(Set.copyOf(topics));
            text.append(" ").append(hex(ConsumerProtocol.serializeSubscription(
                new Subscription(topics, data, owned, generation, Optional.of(rack)), version)));
        }
        ByteBuffer data = sticky.subscriptionUserData(Set.copyOf(topics));
        text.append(" ").append(hex(data));
        text.append(" ").append(hex(cooperativeSticky.subscriptionUserData(Set.copyOf(topics))));
        System.out.println(text);
    }

    private static List<String> list(String text) {
        return text.equals("-") ? List.of() : Arrays.asList(text.split(","));
    }

    private static List<TopicPartition> partitions(String text) {
        return list(text).stream().map(name -> {
            int dash = name.lastIndexOf('-');
            return new TopicPartition(name.substring(0, dash), Integer.parseInt(name.substring(dash + 1)));
        }).toList();
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }
}
