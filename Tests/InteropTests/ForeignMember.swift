// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

/// A member of a group that another client runs, in a process of its own.
enum ForeignMember: Sendable, CustomTestStringConvertible {
    /// Kafka's own, by its VerifiableConsumer, which commits after each poll.
    case java
    /// Python's, which commits in `on_partitions_revoked`.
    case aiokafka

    var testDescription: String {
        switch self {
        case .java: "Java"
        case .aiokafka: "aiokafka"
        }
    }

    /// Those that are on this machine. What is missing is said in one line.
    static let all: [ForeignMember] =
        (RealKafka.toolsClassPath != nil && RealKafka.java != nil ? [.java] : [])
        + (PythonClient.hasAIOKafka ? [.aiokafka] : [])

    func start(_ cluster: TestCluster, topic: String, group: String) throws -> ChildProcess {
        switch self {
        case .java:
            try KafkaTool.start(
                "org.apache.kafka.tools.VerifiableConsumer",
                [
                    "--bootstrap-server", cluster.bootstrap, "--topic", topic, "--group-id", group, "--verbose",
                    "--reset-policy", "earliest",
                ])
        case .aiokafka:
            try PythonClient.start(Self.script, [cluster.bootstrap, topic, group])
        }
    }

    /// Tells the log what the process says, until it ends.
    func report(_ process: ChildProcess, as name: String, to log: GroupLog) async {
        for await event in process.events {
            let partitions = event.partitions?.map { TopicPartition($0.topic, Int32($0.partition)) } ?? []
            switch event.name {
            case "partitions_assigned":
                log.add(name, .assigning, partitions, at: event.timestamp)
                log.add(name, .assigned, partitions, at: event.timestamp)
            case "partitions_revoked":
                log.add(name, .revoking, partitions, at: event.timestamp)
                log.add(name, .revoked, partitions, at: event.timestamp)
            case "record_data":
                guard let topic = event.topic, let partition = event.partition, let offset = event.offset else { break }
                log.read(offset, of: TopicPartition(topic, Int32(partition)))
            default:
                break
            }
        }
    }

    private static let script = """
        import asyncio, json, signal, sys, time
        import aiokafka

        def say(name, partitions=None, **more):
            event = dict(name=name, timestamp=int(time.time() * 1000), **more)
            if partitions is not None:
                event["partitions"] = [dict(topic=p.topic, partition=p.partition) for p in partitions]
            print(json.dumps(event), flush=True)

        class Listener(aiokafka.abc.ConsumerRebalanceListener):
            def __init__(self, consumer):
                self.consumer = consumer
            async def on_partitions_revoked(self, revoked):
                if revoked:
                    await self.consumer.commit()
                say("partitions_revoked", revoked)
            async def on_partitions_assigned(self, assigned):
                say("partitions_assigned", assigned)

        async def main(bootstrap, topic, group):
            consumer = aiokafka.AIOKafkaConsumer(
                bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
                heartbeat_interval_ms=300, session_timeout_ms=20000)
            consumer.subscribe([topic], listener=Listener(consumer))
            await consumer.start()
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            while not stop.is_set():
                batches = await consumer.getmany(timeout_ms=100)
                for records in batches.values():
                    for r in records:
                        say("record_data", topic=r.topic, partition=r.partition, offset=r.offset)
            await consumer.commit()
            say("partitions_revoked", consumer.assignment())
            await consumer.stop()

        asyncio.run(main(*sys.argv[1:]))
        """
}
