// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Writes a line without buffering.
func write(_ line: String, to descriptor: Int32) {
    var rest = Array("\(line)\n".utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

/// Ends the program with a message on standard error.
func fail(_ sentence: String, status: Int32) -> Never {
    write("embedded-kafka: \(sentence)", to: STDERR_FILENO)
    exit(status)
}

let arguments: Arguments
do throws(Arguments.Problem) {
    arguments = try Arguments(CommandLine.arguments.dropFirst())
} catch {
    fail(error.description, status: 2)
}
if arguments.wantsHelp {
    write(Arguments.usage, to: STDOUT_FILENO)
    exit(0)
}

var configuration = EmbeddedKafka.Configuration(brokers: arguments.brokers)
configuration.ports = arguments.ports
configuration.defaultReplicationFactor = min(3, arguments.brokers)
do throws(EmbeddedKafkaError) {
    let kafka = try await EmbeddedKafka.start(configuration)
    for topic in arguments.topics {
        try await kafka.createTopic(
            topic.name, partitions: topic.partitions, replicationFactor: configuration.defaultReplicationFactor)
    }
    let signals = TerminationSignals()
    write(kafka.bootstrapServers.joined(separator: ","), to: STDOUT_FILENO)
    await signals.wait()
    await kafka.stop()
} catch {
    fail(error.description, status: 1)
}
