// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaClientConfiguration {
    /// Throws `.invalidConfiguration`, naming the first invalid setting.
    func validate() throws(KafkaError) {
        guard !self.bootstrapServers.isEmpty else {
            throw .invalidConfiguration("bootstrapServers is empty: name at least one broker as host:port.")
        }
        for server in self.bootstrapServers where KafkaServer(server) == nil {
            throw .invalidConfiguration(
                "bootstrapServers: \"\(server)\" is no address. Write host:port, for example broker1:9092 or [::1]:9092."
            )
        }
        let positive: [(String, Duration)] = [
            ("requestTimeout", self.requestTimeout), ("apiTimeout", self.apiTimeout),
            ("connectionSetupTimeout", self.connectionSetupTimeout), ("connectionMaxIdle", self.connectionMaxIdle),
            ("metadataMaxAge", self.metadataMaxAge), ("rebootstrapTrigger", self.rebootstrapTrigger),
        ]
        for (name, value) in positive where value <= .zero {
            throw .invalidConfiguration("\(name) must be more than zero; it is \(value).")
        }
        let backoffs: [(String, Duration, Duration)] = [
            ("reconnectBackoff", self.reconnectBackoff, self.reconnectBackoffMax),
            ("retryBackoff", self.retryBackoff, self.retryBackoffMax),
        ]
        for (name, initial, maximum) in backoffs {
            guard initial >= .zero else { throw .invalidConfiguration("\(name) is negative: \(initial).") }
            guard maximum >= initial else {
                throw .invalidConfiguration("\(name) (\(initial)) is longer than \(name)Max (\(maximum)).")
            }
        }
        guard self.maxResponseSize >= 1 << 10, self.maxResponseSize <= Int32.max else {
            throw .invalidConfiguration(
                "maxResponseSize must be from 1 KiB to 2 GiB; it is \(self.maxResponseSize) bytes.")
        }
    }
}

extension KafkaError {
    static func invalidConfiguration(_ message: String) -> KafkaError {
        KafkaError(.invalidConfiguration, message)
    }
}
