// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The values of all settings, from the cluster's configuration and from changes while it runs.
struct ClusterSettings {
    /// Where a value comes from, with Kafka's numbers. An earlier source has priority.
    enum Source: Int8 {
        case topic = 1
        case broker = 2
        case allBrokers = 3
        case configuration = 4
        case `default` = 5
    }

    /// A value of a setting, under its own name or that of the broker's setting behind it.
    struct Value: Equatable {
        var name: String
        var value: String
        var source: Source
    }

    /// The values of the configuration, by Kafka's names.
    let configured: [String: String]
    /// The values that were changed for all brokers.
    private(set) var ofAllBrokers: [String: String] = [:]
    /// The values that were changed for single brokers.
    private(set) var ofBroker: [Int32: [String: String]] = [:]

    init(_ configuration: EmbeddedKafka.Configuration) {
        self.configured = configuration.brokerSettings
    }

    /// Returns the changed values of a broker, or those for all brokers for nil.
    func changed(of broker: Int32?) -> [String: String] {
        guard let broker else { return self.ofAllBrokers }
        return self.ofBroker[broker] ?? [:]
    }

    mutating func setChanged(_ values: [String: String], of broker: Int32?) {
        if let broker { self.ofBroker[broker] = values } else { self.ofAllBrokers = values }
    }

    /// Returns the values of a broker's setting, beginning with the one in effect.
    ///
    /// - Parameter own: The values that belong to that broker alone (`EmbeddedBroker.settings`).
    func values(of setting: Setting, ofBroker broker: Int32?, own: [String: String] = [:]) -> [Value] {
        let name = setting.name
        let candidates: [(String?, Source)] = [
            (broker.flatMap { self.ofBroker[$0]?[name] }, .broker), (self.ofAllBrokers[name], .allBrokers),
            (own[name] ?? self.configured[name], .configuration), (setting.defaultValue, .default),
        ]
        return candidates.compactMap { value, source in value.map { Value(name: name, value: $0, source: source) } }
    }

    /// Returns the values of a topic's setting at a broker, beginning with the one in effect.
    func values(of entry: TopicSettings.Entry, own: [String: String], at broker: Int32) -> [Value] {
        var values: [Value] = []
        if let value = own[entry.setting.name] {
            values.append(Value(name: entry.setting.name, value: value, source: .topic))
        }
        if let name = entry.brokerName, let ofBroker = BrokerSettings.byName[name] {
            values += self.values(of: ofBroker.setting, ofBroker: broker)
        }
        return values
    }

    /// Returns the value of a topic's setting that is in effect at a broker.
    func value(of entry: TopicSettings.Entry, own: [String: String], at broker: Int32) -> Value {
        self.values(of: entry, own: own, at: broker).first
            ?? Value(name: entry.setting.name, value: entry.setting.defaultValue ?? "", source: .default)
    }
}
