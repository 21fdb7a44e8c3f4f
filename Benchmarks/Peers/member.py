# This source file is part of the AsyncKafka project.
#
# Copyright (c) 2026 the AsyncKafka project authors
# Licensed under Apache License v2.0. See LICENSE for license information.
#
# SPDX-License-Identifier: Apache-2.0
"""What `kafka-bench member` is for this project's client, with librdkafka: member.py BOOTSTRAP TOPIC GROUP PROTOCOL SESSION-SECONDS"""
import signal
import sys
import time

import confluent_kafka


def say(what, partitions):
    numbers = "".join(f" {p.partition}" for p in partitions)
    sys.stdout.write(f"{what}{numbers} {time.time_ns() // 1000}\n")
    sys.stdout.flush()


bootstrap, topic, group, protocol, session = sys.argv[1:]
settings = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
if protocol == "consumer":
    settings["group.protocol"] = "consumer"
else:
    settings["session.timeout.ms"] = int(session) * 1000
    settings["partition.assignment.strategy"] = {"eager": "range", "cooperative": "cooperative-sticky"}[protocol]
stopped = []
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stopped.append(True))
consumer = confluent_kafka.Consumer(settings)
# The callbacks leave the (incremental) assignment to the binding.
consumer.subscribe([topic], on_assign=lambda _, p: say("+", p), on_revoke=lambda _, p: say("-", p))
while not stopped:
    record = consumer.poll(0.1)
    if record is None:
        continue
    if record.error():
        sys.exit(str(record.error()))
    sys.stdout.write(f"r {record.partition()} {record.offset()} {time.time_ns() // 1000}\n")
    sys.stdout.flush()
consumer.close()
