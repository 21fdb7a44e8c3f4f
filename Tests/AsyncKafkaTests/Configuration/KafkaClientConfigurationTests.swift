// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct KafkaClientConfigurationTests {
    @Test(arguments: [
        ("kafka", "kafka", 9092), ("kafka:9093", "kafka", 9093), ("10.0.0.1:1", "10.0.0.1", 1),
        ("[::1]:9094", "::1", 9094),
        ("[fe80::1]", "fe80::1", 9092),
    ])
    func addressesAreParsed(text: String, host: String, port: Int) {
        #expect(KafkaServer(text) == KafkaServer(host: host, port: port))
    }

    @Test(arguments: ["", ":9092", "kafka:", "kafka:0", "kafka:65536", "kafka:x", "::1", "[::1", "[::1]9092", "a b:1"])
    func invalidAddressesAreRefused(text: String) {
        #expect(KafkaServer(text) == nil)
        let error = #expect(throws: KafkaError.self) {
            try KafkaClientConfiguration(bootstrapServers: [text]).validate()
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func theInvalidSettingIsNamed() {
        var configuration = KafkaClientConfiguration(bootstrapServers: ["localhost:9092"])
        #expect(throws: Never.self) { try configuration.validate() }
        configuration.retryBackoff = .seconds(5)
        #expect(throws: KafkaError.self) { try configuration.validate() }
        do {
            try configuration.validate()
        } catch {
            #expect(error.message.contains("retryBackoff"))
        }
        configuration.retryBackoff = .milliseconds(1)
        configuration.requestTimeout = .zero
        do {
            try configuration.validate()
            Issue.record("a request timeout of zero was accepted")
        } catch {
            #expect(error.message.contains("requestTimeout"))
        }
    }
}
