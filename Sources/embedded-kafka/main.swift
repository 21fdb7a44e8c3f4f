// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
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

let program = Serve.command { serve in
    var configuration = EmbeddedKafka.Configuration(brokers: serve.brokers)
    configuration.ports = serve.ports
    configuration.defaultReplicationFactor = min(3, serve.brokers)
    let kafka = try await EmbeddedKafka.start(configuration)
    for topic in serve.topics {
        try await kafka.createTopic(
            topic.name, partitions: topic.partitions, replicationFactor: configuration.defaultReplicationFactor)
    }
    let signals = TerminationSignals()
    write(kafka.bootstrapServers.joined(separator: ","), to: STDOUT_FILENO)
    await signals.wait()
    await kafka.stop()
}
do {
    exit(
        try await program.run(
            CommandLine.arguments.dropFirst(), width: 80, write: { write($0, to: STDOUT_FILENO) },
            complain: { write($0, to: STDERR_FILENO) }))
} catch {
    write("embedded-kafka: \(error)", to: STDERR_FILENO)
    exit(1)
}
