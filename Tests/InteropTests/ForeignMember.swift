// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

/// A member of a group that belongs to another client, in a separate process.
enum ForeignMember: Sendable, CustomTestStringConvertible {
    /// Kafka's VerifiableConsumer, which commits after each poll.
    case java
    /// The Python client aiokafka, which commits in `on_partitions_revoked`.
    case aiokafka
    /// librdkafka through confluent_kafka, which commits in `on_revoke`.
    case librdkafka

    var testDescription: String {
        switch self {
        case .java: "Java"
        case .aiokafka: "aiokafka"
        case .librdkafka: "librdkafka"
        }
    }

    /// The clients available on this machine. What is missing is reported in one line.
    static let all: [ForeignMember] =
        (RealKafka.toolsClassPath != nil && RealKafka.java != nil ? [.java] : [])
        + (PythonClient.hasAIOKafka ? [.aiokafka] : [])
        + (PythonClient.hasConfluentKafka ? [.librdkafka] : [])

    /// Whether this client, in the version of `scripts/python-clients` or of Kafka's tools, has the protocol.
    func has(_ handover: HandoverProtocol) -> Bool { self != .aiokafka || handover == .eager }

    /// Runs a member during `body`. The log records its events, and its end if that is premature.
    ///
    /// - Parameters:
    ///   - assignors: Java's assignors, in place of the one of `handover`.
    ///   - session: The session, which brokers choose in the consumer protocol.
    ///   - mayBeKilled: Whether a member that is killed has failed or, in the log, only lost its partitions.
    ///   - each: Called with every record that it reads.
    func run(
        _ name: String = "other", on cluster: TestCluster, topic: String, group: String, log: GroupLog,
        _ handover: HandoverProtocol = .eager, assignors: [String]? = nil, session: Duration = .seconds(20),
        mayBeKilled: Bool = false, each: @escaping @Sendable (ToolEvent) -> Void = { _ in },
        _ body: (ChildProcess) async throws -> Void
    ) async throws {
        let process = try self.start(
            cluster, topic: topic, group: group, handover, assignors: assignors, session: session)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await self.report(process, as: name, to: log, each: each)
                // When stopped by the test it ends in an orderly way, or by the signal.
                let status = await process.ended()
                if mayBeKilled, status == -9 {
                    log.add(name, .lost, Array(log.view.holdings[name, default: []]))
                } else if status != 0, status != -15, status != 143 {
                    log.failed(MemberEnded(description: "it ended with \(status): \(process.errors.suffix(2000))"))
                }
            }
            do {
                try await body(process)
            } catch {
                await process.destroy()
                throw error
            }
            try await tasks.waitForAll()
        }
    }

    private func start(
        _ cluster: TestCluster, topic: String, group: String, _ handover: HandoverProtocol, assignors: [String]?,
        session: Duration
    ) throws -> ChildProcess {
        let milliseconds = session.components.seconds * 1000
        switch self {
        case .java:
            var arguments = [
                "--bootstrap-server", cluster.bootstrap, "--topic", topic, "--group-id", group, "--verbose",
                "--reset-policy", "earliest",
            ]
            if handover != .consumer { arguments += ["--session-timeout", "\(milliseconds)"] }
            switch handover {
            case .eager: arguments += Self.strategy(assignors ?? ["RangeAssignor"])
            case .cooperative: arguments += Self.strategy(assignors ?? ["CooperativeStickyAssignor"])
            case .consumer: arguments += ["--group-protocol", "consumer"]
            }
            return try KafkaTool.start("org.apache.kafka.tools.VerifiableConsumer", arguments)
        case .aiokafka:
            return try PythonClient.start(
                Self.say + Self.aiokafkaScript, [cluster.bootstrap, topic, group, "\(milliseconds)"])
        case .librdkafka:
            return try PythonClient.start(
                Self.say + Self.librdkafkaScript, [cluster.bootstrap, topic, group, "\(milliseconds)", "\(handover)"])
        }
    }

    private static func strategy(_ assignors: [String]) -> [String] {
        let classes = assignors.map { "org.apache.kafka.clients.consumer.\($0)" }
        return ["--assignment-strategy", classes.joined(separator: ",")]
    }

    /// Reports the process's events to the log until it ends.
    private func report(
        _ process: ChildProcess, as name: String, to log: GroupLog, each: (ToolEvent) -> Void
    ) async {
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
                each(event)
                log.read(offset, of: TopicPartition(topic, Int32(partition)), by: name)
            case "offsets_committed" where event.success == false:
                log.commitFailed(name)
            default:
                break
            }
        }
    }

    /// Prints events from a script in the format of Kafka's own tools.
    private static let say = """
        import json, signal, sys, time

        def say(name, partitions=None, **more):
            event = dict(name=name, timestamp=int(time.time() * 1000), **more)
            if partitions is not None:
                event["partitions"] = [dict(topic=p.topic, partition=p.partition) for p in partitions]
            print(json.dumps(event), flush=True)


        """

    private static let aiokafkaScript = """
        import asyncio, aiokafka

        class Listener(aiokafka.abc.ConsumerRebalanceListener):
            def __init__(self, consumer):
                self.consumer = consumer
            async def on_partitions_revoked(self, revoked):
                if revoked:
                    await commit(self.consumer)
                say("partitions_revoked", revoked)
            async def on_partitions_assigned(self, assigned):
                say("partitions_assigned", assigned)

        async def commit(consumer):
            try:
                await consumer.commit()
            except aiokafka.errors.KafkaError as error:
                say("offsets_committed", success=False, error=str(error))

        async def main(bootstrap, topic, group, session):
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            consumer = aiokafka.AIOKafkaConsumer(
                bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
                heartbeat_interval_ms=300, session_timeout_ms=int(session))
            consumer.subscribe([topic], listener=Listener(consumer))
            await consumer.start()
            while not stop.is_set():
                batches = await consumer.getmany(timeout_ms=100)
                for records in batches.values():
                    for r in records:
                        say("record_data", topic=r.topic, partition=r.partition, offset=r.offset, value=r.value.decode())
            await commit(consumer)
            say("partitions_revoked", consumer.assignment())
            await consumer.stop()

        asyncio.run(main(*sys.argv[1:]))
        """

    private static let librdkafkaScript = """
        import confluent_kafka

        def revoked(consumer, partitions):
            try:
                consumer.commit(asynchronous=False)
            except confluent_kafka.KafkaException as error:
                # Nothing was read since the last commit.
                if error.args[0].code() != confluent_kafka.KafkaError._NO_OFFSET:
                    say("offsets_committed", success=False, error=str(error))
            say("partitions_revoked", partitions)

        bootstrap, topic, group, session, handover = sys.argv[1:]
        settings = {
            "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
        if handover == "consumer":
            settings["group.protocol"] = "consumer"
        else:
            settings.update({"heartbeat.interval.ms": 300, "session.timeout.ms": int(session)})
            if handover == "cooperative":
                settings["partition.assignment.strategy"] = "cooperative-sticky"
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        consumer = confluent_kafka.Consumer(settings)
        # After these callbacks, the binding assigns or unassigns, incrementally where the protocol is that of a group
        # whose members keep partitions.
        consumer.subscribe(
            [topic], on_assign=lambda _, partitions: say("partitions_assigned", partitions), on_revoke=revoked)
        while not stopped:
            r = consumer.poll(0.1)
            if r is None:
                continue
            if r.error():
                raise confluent_kafka.KafkaException(r.error())
            say("record_data", topic=r.topic(), partition=r.partition(), offset=r.offset(), value=r.value().decode())
        consumer.close()
        """
}

/// A member of another client has ended prematurely.
private struct MemberEnded: Error, CustomStringConvertible {
    let description: String
}
