// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// Unusable addresses before that of a healthy broker.
    @Suite(.timeLimit(.minutes(2)))
    struct BadAddresses {
        /// Returns the time from creating a producer to its first acknowledgement.
        private func timeOfFirstRecord(_ client: KafkaClientConfiguration, _ topic: String) async throws -> Duration {
            try await ContinuousClock().measure {
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "x"))
                }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aFirstAddressThatClosesConnectionsCostsLittleTime(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("addresses")
            let loop = try EventLoop(name: "closing")
            defer { loop.shutdown() }
            let closing = try Listener(port: 0, loop: loop, maximumFrameSize: 1 << 20) { $0.close() }
            let server = try #require(KafkaServer(cluster.bootstrapServers[0]))
            let addresses = try [closing.port, server.port].map {
                try #require(SocketAddress.numeric(host: "127.0.0.1", port: $0))
            }
            var client = cluster.client
            client.bootstrapServers = ["kafka.example:9092"]
            client.nameResolver = NameResolver(maximumThreads: 1) { host, port in
                host == "kafka.example"
                    ? .success(addresses) : .success([SocketAddress.numeric(host: host, port: port)].compactMap { $0 })
            }
            let time = try await self.timeOfFirstRecord(client, topic)
            #expect(time < .seconds(10))
            closing.close()
        }

        @Test(arguments: TestEnvironment.all)
        func aHangingAddressInAListCostsLittleTime(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("addresses")
            let silent = try SilentPort()
            var client = cluster.client
            client.bootstrapServers = ["127.0.0.1:\(silent.port)"] + cluster.bootstrapServers
            for _ in 0..<8 {
                let time = try await self.timeOfFirstRecord(client, topic)
                // One after the other, they would take connectionSetupTimeout, 10 s.
                #expect(time < .seconds(5))
            }
            withExtendedLifetime(silent) {}
        }
    }
}
