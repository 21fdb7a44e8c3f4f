// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A change of one setting by IncrementalAlterConfigs or AlterConfigs.
struct ConfigChange {
    /// The operations, with Kafka's numbers.
    enum Operation: Int8 {
        case set = 0
        case delete = 1
        case append = 2
        case subtract = 3
    }

    var name: String
    var operation: Operation
    var value: String

    init(name: String, operation: Operation, value: String) {
        self.name = name
        self.operation = operation
        self.value = value
    }

    /// Throws Kafka's error for an unknown operation or a missing value.
    init(name: String, operation: Int8, value: String?) throws(BrokerError) {
        guard let known = Operation(rawValue: operation) else {
            throw BrokerError(.invalidRequest, "\(operation) is no operation on the setting \(name).")
        }
        guard let value = value ?? (known == .delete ? "" : nil) else {
            throw BrokerError(.invalidRequest, "The setting \(name) needs a value.")
        }
        self.init(name: name, operation: known, value: value)
    }

    /// Returns the values of a resource after the change.
    ///
    /// - Parameters:
    ///   - values: The values that the resource has now.
    ///   - setting: The setting of this name, or nil if the resource has none.
    ///   - inherited: The value that the setting has if the resource doesn't set it.
    func applied(
        to values: [String: String], _ setting: Setting?, inherited: String?
    ) throws(BrokerError) -> [String: String] {
        var values = values
        switch self.operation {
        case .set: values[self.name] = self.value
        case .delete: values[self.name] = nil
        case .append, .subtract:
            guard let setting, setting.type == .list else {
                throw BrokerError(
                    .invalidConfig, "\(self.name) is no list, so that nothing can be appended to it or subtracted.")
            }
            var items = Setting.items(of: values[self.name] ?? inherited ?? "")
            let given = Setting.items(of: self.value)
            if self.operation == .append {
                items += given.filter { !items.contains($0) }
            } else {
                items.removeAll(where: given.contains)
            }
            values[self.name] = items.joined(separator: ",")
        }
        return values
    }
}
