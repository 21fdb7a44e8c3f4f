// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What the APIs for settings are asked about.
enum ConfigTarget {
    case topic(Topic)
    /// The broker that was asked.
    case broker
    case allBrokers

    /// Kafka's numbers of the types of resources.
    enum ResourceType: Int8, CaseIterable {
        case topic = 2
        case broker = 4
        case brokerLogger = 8
        case clientMetrics = 16
        case group = 32
    }

    /// Throws Kafka's error if the client may not perform the operation, if there is no such resource, or if another
    /// broker has to be asked.
    init(type: Int8, name: String, for operation: ACL.Operation, _ call: Call) throws(BrokerError) {
        let type = ResourceType(rawValue: type)
        try call.require(operation, type == .topic ? .topic(name) : .cluster)
        switch type {
        case .topic:
            if let problem = Topic.problem(withName: name) { throw BrokerError(.invalidTopicException, problem) }
            guard let topic = call.cluster.topic(name) else {
                throw BrokerError(.unknownTopicOrPartition, "There is no topic '\(name)'.")
            }
            self = .topic(topic)
        case .broker where name.isEmpty:
            self = .allBrokers
        case .broker:
            guard Int32(name) == call.broker.id else {
                throw BrokerError(
                    .invalidRequest,
                    "This is broker \(call.broker.id), and the settings of broker '\(name)' are its own.")
            }
            self = .broker
        case .brokerLogger: throw BrokerError(.invalidRequest, "This broker has no loggers with levels.")
        case .clientMetrics: throw BrokerError(.invalidRequest, "This broker takes no metrics of clients.")
        case .group: throw BrokerError(.invalidRequest, "This broker has no settings of single groups.")
        case nil: throw BrokerError(.invalidRequest, "There are no resources of this type.")
        }
    }

    /// Returns the values that are set for the resource itself.
    func values(_ call: Call) -> [String: String] {
        switch self {
        case .topic(let topic): topic.configuration
        case .broker: call.cluster.settings.changed(of: call.broker.id)
        case .allBrokers: call.cluster.settings.changed(of: nil)
        }
    }

    /// Applies changes in order, or only validates them. Throws the error of the first that is invalid, and then changes
    /// nothing.
    func apply(_ changes: [ConfigChange], to values: [String: String], validateOnly: Bool, _ call: Call)
        throws(BrokerError)
    {
        let names = changes.map(\.name)
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        if let double = names.first(where: { counts[$0] != 1 }) {
            throw BrokerError(.invalidRequest, "The request changes the setting \(double) more than once.")
        }
        var values = values
        for change in changes {
            let (setting, inherited) = self.setting(change.name, call)
            values = try change.applied(to: values, setting, inherited: inherited)
        }
        try self.check(values, changed: names)
        guard !validateOnly else { return }
        switch self {
        case .topic(let topic): call.cluster.setSettings(values, of: topic)
        case .broker: call.cluster.setSettings(values, ofBroker: call.broker.id)
        case .allBrokers: call.cluster.setSettings(values, ofBroker: nil)
        }
    }

    /// Returns a setting of the resource, and the value that it has if the resource sets none.
    private func setting(_ name: String, _ call: Call) -> (Setting?, inherited: String?) {
        let settings = call.cluster.settings
        guard case .topic = self else {
            let setting = BrokerSettings.byName[name]?.setting
            let values = setting.map { settings.values(of: $0, ofBroker: nil, own: call.broker.settings) }
            return (setting, values?.first?.value)
        }
        guard let entry = TopicSettings.byName[name] else { return (nil, nil) }
        return (entry.setting, settings.value(of: entry, own: [:], at: call.broker.id).value)
    }

    private func check(_ values: [String: String], changed: [String]) throws(BrokerError) {
        if case .topic = self {
            if let problem = TopicSettings.problem(with: values) { throw BrokerError(.invalidConfig, problem) }
            return
        }
        for name in changed {
            guard let entry = BrokerSettings.byName[name] else {
                // Kafka stores settings that it doesn't know, for plug-ins. This broker has none.
                throw BrokerError(.invalidRequest, "This broker has no setting \(name).")
            }
            guard entry.update != .never else {
                throw BrokerError(.invalidRequest, "\(name) can't be changed while the broker runs.")
            }
            if let value = values[name], let problem = entry.setting.problem(with: value) {
                throw BrokerError(.invalidRequest, problem)
            }
        }
    }
}
