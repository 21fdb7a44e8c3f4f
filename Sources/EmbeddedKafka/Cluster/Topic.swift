// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A topic: its partitions and configuration. It is only used on the cluster's loop.
final class Topic {
    let name: String
    let id: KafkaUUID
    var partitions: [Partition] = []
    /// The topic's own settings, by Kafka's names, with the values as given.
    var configuration: [String: String] {
        didSet { self.forgetSettings() }
    }
    /// The settings in effect, by the broker whose defaults they have.
    private var settings: [Int32: LogSettings] = [:]

    init(name: String, id: KafkaUUID, configuration: [String: String]) {
        self.name = name
        self.id = id
        self.configuration = configuration
    }

    func partition(_ index: Int32) -> Partition? {
        self.partitions.indices.contains(Int(index)) ? self.partitions[Int(index)] : nil
    }

    /// Returns the settings that are in effect at a broker.
    func settings(at broker: Int32, in cluster: ClusterSettings) -> LogSettings {
        if let known = self.settings[broker] { return known }
        let settings = LogSettings { name in
            TopicSettings.byName[name].map { cluster.value(of: $0, own: self.configuration, at: broker).value } ?? ""
        }
        self.settings[broker] = settings
        return settings
    }

    /// Forgets the settings in effect after the brokers' defaults have changed.
    func forgetSettings() {
        self.settings = [:]
    }

    /// Returns the reason why Kafka rejects a topic name, or nil if it is valid.
    static func problem(withName name: String) -> String? {
        if name.isEmpty { return "The topic name is empty." }
        if name == "." || name == ".." { return "The topic name can't be '.' or '..'." }
        if name.utf8.count > 249 { return "The topic name is \(name.utf8.count) characters long; it may have 249." }
        let isLegal = name.utf8.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isLegal
            ? nil : "The topic name '\(name)' has characters other than ASCII letters, digits, '.', '_' and '-'."
    }
}
