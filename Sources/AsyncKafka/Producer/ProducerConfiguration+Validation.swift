// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ProducerConfiguration {
    /// Throws `.invalidConfiguration` for the first invalid setting.
    func validate() throws(KafkaError) {
        try self.cluster.validate()
        if self.enableIdempotence {
            guard self.acks == .all else {
                throw .invalidConfiguration(
                    "enableIdempotence needs acks .all, not .\(self.acks): only then is a record known to be stored once. Set "
                        + "acks to .all or enableIdempotence to false.")
            }
            guard self.maxInFlightPerBroker <= 5 else {
                throw .invalidConfiguration(
                    "enableIdempotence needs maxInFlightPerBroker of at most 5, not \(self.maxInFlightPerBroker): brokers know "
                        + "the last five batches of a producer again, and no more.")
            }
        }
        guard self.maxInFlightPerBroker >= 1 else {
            throw .invalidConfiguration("maxInFlightPerBroker must be 1 or more; it is \(self.maxInFlightPerBroker).")
        }
        try self.validateSizes()
        try self.validateTimes()
        do throws(CompressionError) {
            try self.compression.validate()
        } catch {
            if case .unavailable = error {
                throw KafkaError(.compressionUnavailable, "compression: \(error)", underlyingError: error)
            }
            throw .invalidConfiguration("compression: \(error)")
        }
    }

    private func validateSizes() throws(KafkaError) {
        guard self.batchSize >= 1 << 10 else {
            throw .invalidConfiguration("batchSize must be 1 KiB or more; it is \(self.batchSize) bytes.")
        }
        guard self.maxRequestSize >= self.batchSize else {
            throw .invalidConfiguration(
                "maxRequestSize (\(self.maxRequestSize) bytes) is less than batchSize (\(self.batchSize) bytes): a full "
                    + "batch would fit into no request.")
        }
        guard self.maxRequestSize <= 1 << 30 else {
            throw .invalidConfiguration("maxRequestSize must be 1 GiB or less; it is \(self.maxRequestSize) bytes.")
        }
        guard self.bufferMemory >= self.maxRequestSize else {
            throw .invalidConfiguration(
                "bufferMemory (\(self.bufferMemory) bytes) is less than maxRequestSize (\(self.maxRequestSize) bytes): the "
                    + "largest record would never find room.")
        }
    }

    private func validateTimes() throws(KafkaError) {
        for (name, value) in [
            ("linger", self.linger), ("maxBlock", self.maxBlock), ("closeTimeout", self.closeTimeout),
        ]
        where value < .zero {
            throw .invalidConfiguration("\(name) is negative: \(value).")
        }
        let shortest = self.linger + self.cluster.requestTimeout
        guard self.deliveryTimeout >= shortest else {
            throw .invalidConfiguration(
                "deliveryTimeout (\(self.deliveryTimeout)) is less than linger + requestTimeout (\(shortest)): a record "
                    + "could be given up before the first attempt to send it has ended.")
        }
    }
}
