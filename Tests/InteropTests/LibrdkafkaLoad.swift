// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport

/// The load of `ClusterLoad` by librdkafka, in a separate process: a producer and a consumer that show how long the
/// same faults stall them.
struct LibrdkafkaLoad: Sendable {
    let topic: String
    private let process: ChildProcess

    /// The results of the load.
    struct Result: Decodable, CustomStringConvertible {
        let written: Int
        let failed: Int
        let read: Int
        let longestWait: Double
        let longestWriteStall: Double
        let longestReadStall: Double

        var description: String {
            """
            \(self.written) records, \(self.failed) failed, \(self.read) read, of which one waited \(self.longestWait) s
                        nothing was acknowledged in a partition for \(self.longestWriteStall) s, nothing read for \
            \(self.longestReadStall) s
            """
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(on cluster: RealCluster) async throws {
        self.topic = unique("librdkafka")
        try await cluster.createTopic(self.topic, partitions: ClusterLoad.partitions)
        self.process = try PythonClient.start(
            Self.loadScript, [cluster.bootstrap, self.topic, "\(ClusterLoad.partitions)"])
    }

    /// Ends the load once everything written has been read.
    func end() async throws -> Result {
        self.process.signal(SIGTERM)
        var last = ""
        for await line in self.process.lines { last = line }
        let status = await self.process.ended()
        guard status == 0, let result = try? JSONDecoder().decode(Result.self, from: Data(last.utf8)) else {
            throw Failure(description: "librdkafka's load ended with \(status): \(self.process.errors.suffix(2000))")
        }
        return result
    }

    /// Reads a whole topic up to its current end.
    static func readAll(of topic: String, on cluster: RealCluster) async throws -> [RecordLedger.Stored] {
        let process = try PythonClient.start(
            Self.readScript, [cluster.bootstrap, topic, "\(ClusterLoad.partitions)"])
        var log: [RecordLedger.Stored] = []
        for await line in process.lines {
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let partition = Int(parts[0]), let offset = Int64(parts[1]) else { continue }
            log.append(RecordLedger.Stored(partition: partition, offset: offset, text: String(parts[2])))
        }
        let status = await process.ended()
        guard status == 0 else {
            throw Failure(description: "librdkafka's reader ended with \(status): \(process.errors.suffix(2000))")
        }
        return log
    }

    private static let loadScript = """
        import json, signal, sys, threading, time, confluent_kafka

        bootstrap, topic, partitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        written = [0] * partitions
        acknowledged = [None] * partitions
        result = dict(written=0, failed=0, read=0, longestWait=0.0, longestWriteStall=0.0, longestReadStall=0.0)

        def longest(name, value):
            result[name] = max(result[name], value)

        def delivered(begun):
            def call(error, message):
                now = time.monotonic()
                if error:
                    result["failed"] += 1
                    return
                partition = message.partition()
                longest("longestWait", now - begun)
                if acknowledged[partition] is not None:
                    longest("longestWriteStall", now - acknowledged[partition])
                acknowledged[partition] = now
            return call

        def read():
            consumer = confluent_kafka.Consumer({
                "bootstrap.servers": bootstrap, "group.id": topic, "enable.auto.commit": False, "auto.offset.reset": "earliest",
            })
            consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in range(partitions)])
            last, count = [None] * partitions, [0] * partitions
            deadline = None
            while True:
                message = consumer.poll(0.1)
                now = time.monotonic()
                if message is not None and not message.error():
                    partition = message.partition()
                    if last[partition] is not None:
                        longest("longestReadStall", now - last[partition])
                    last[partition] = now
                    count[partition] += 1
                    result["read"] += 1
                if flushed.is_set():
                    deadline = deadline or now + 60
                    if sum(count) >= result["written"] - result["failed"] or now > deadline:
                        break
            consumer.close()

        flushed = threading.Event()
        reader = threading.Thread(target=read)
        reader.start()
        producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "queue.buffering.max.messages": 1000000,
        })
        while not stop.is_set():
            for partition in range(partitions):
                value = f"{partition} {written[partition]} and what makes it as long as records are, which is a hundred bytes or so"
                producer.produce(topic, value.encode(), partition=partition, on_delivery=delivered(time.monotonic()))
                written[partition] += 1
                result["written"] += 1
            producer.poll(0)
            time.sleep(0.006)
        producer.flush(120)
        flushed.set()
        reader.join()
        print(json.dumps(result), flush=True)
        """

    private static let readScript = """
        import sys, confluent_kafka

        bootstrap, topic, partitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": "checker", "enable.auto.commit": False,
            "auto.offset.reset": "error", "enable.partition.eof": True,
        })
        consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in range(partitions)])
        left = set(range(partitions))
        while left:
            message = consumer.poll(60)
            if message is None:
                sys.exit(f"nothing came, and {left} are left")
            if message.error():
                if message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                    sys.exit(str(message.error()))
                left.discard(message.partition())
                continue
            words = message.value().decode().split(" ")
            sys.stdout.write(f"{message.partition()} {message.offset()} {' '.join(words[:3])}\\n")
        sys.stdout.flush()
        consumer.close()
        """
}
