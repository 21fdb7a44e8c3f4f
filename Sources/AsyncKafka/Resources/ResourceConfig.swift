// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The settings of a topic, a broker or another resource.
public struct ResourceConfig: Hashable, Sendable {
    /// The settings, by name.
    public var entries: [ConfigEntry]

    init(_ entries: [ConfigEntry]) {
        self.entries = entries.sorted { $0.name < $1.name }
    }

    /// The setting of this name, or nil if there is none.
    public subscript(_ name: String) -> ConfigEntry? { self.entries.first { $0.name == name } }
}

extension ResourceConfig: CustomStringConvertible {
    /// A line for each setting.
    public var description: String { self.entries.map(\.description).joined(separator: "\n") }
}

/// A setting of a resource, with its value and where that comes from.
public struct ConfigEntry: Hashable, Sendable {
    /// Kafka's name of the setting, such as `retention.ms`.
    public var name: String
    /// The value. Nil if there is none, and for sensitive settings, whose values brokers don't return.
    public var value: String?
    /// Where the value comes from.
    public var source: ConfigSource
    /// Whether the setting is a secret, such as a password.
    public var isSensitive: Bool
    /// Whether the setting can't be changed while the broker runs.
    public var isReadOnly: Bool
    /// The setting's type. Nil with brokers below Kafka 2.6, and in the result of creating a topic.
    public var type: ConfigType?
    /// Kafka's description of the setting. Nil if it wasn't requested, or with brokers below Kafka 2.6.
    public var documentation: String?
    /// All values that the setting could have, in the order of precedence: the first is in effect. Empty if they weren't
    /// requested.
    public var synonyms: [Synonym] = []

    /// A value that a setting has at one of its sources.
    public struct Synonym: Hashable, Sendable {
        /// The name of the setting at this source: `log.retention.ms` of a broker stands for `retention.ms` of its topics.
        public var name: String
        /// The value. Nil as `ConfigEntry.value`.
        public var value: String?
        /// Where the value comes from.
        public var source: ConfigSource
    }

    /// Whether the value is Kafka's default.
    public var isDefault: Bool { self.source == .default }
}

extension ConfigEntry: CustomStringConvertible {
    /// The setting and its source, such as `retention.ms=60000 (topic)`.
    public var description: String {
        let value = self.isSensitive ? "(hidden)" : self.value ?? "(none)"
        return "\(self.name)=\(value) (\(self.source)\(self.isReadOnly ? ", read only" : ""))".printable
    }
}

/// Where the value of a setting comes from.
public struct ConfigSource: RawRepresentable, Hashable, Sendable {
    /// Kafka's code of the source.
    public var rawValue: Int8

    /// Creates the source with this code.
    public init(rawValue: Int8) {
        self.rawValue = rawValue
    }

    /// The topic's own settings.
    public static let topic = ConfigSource(rawValue: 1)
    /// The settings of this broker that can be changed while it runs.
    public static let broker = ConfigSource(rawValue: 2)
    /// The settings of all brokers that can be changed while they run.
    public static let allBrokers = ConfigSource(rawValue: 3)
    /// The broker's properties file.
    public static let file = ConfigSource(rawValue: 4)
    /// Kafka's default.
    public static let `default` = ConfigSource(rawValue: 5)
    /// The levels of the broker's loggers.
    public static let brokerLogger = ConfigSource(rawValue: 6)
    /// The client metrics subscription's own settings.
    public static let clientMetrics = ConfigSource(rawValue: 7)
    /// The group's own settings.
    public static let group = ConfigSource(rawValue: 8)

    private static let names = [
        1: "topic", 2: "broker", 3: "all brokers", 4: "file", 5: "default", 6: "broker logger", 7: "client metrics",
        8: "group",
    ]
}

extension ConfigSource: CustomStringConvertible {
    /// The source in words, such as `topic` or `default`.
    public var description: String { Self.names[Int(self.rawValue)] ?? "source \(self.rawValue)" }
}

/// The type of a setting's value.
public struct ConfigType: RawRepresentable, Hashable, Sendable {
    /// Kafka's code of the type.
    public var rawValue: Int8

    /// Creates the type with this code.
    public init(rawValue: Int8) {
        self.rawValue = rawValue
    }

    /// `true` or `false`.
    public static let boolean = ConfigType(rawValue: 1)
    /// Text.
    public static let string = ConfigType(rawValue: 2)
    /// A 32-bit number.
    public static let int = ConfigType(rawValue: 3)
    /// A 16-bit number.
    public static let short = ConfigType(rawValue: 4)
    /// A 64-bit number.
    public static let long = ConfigType(rawValue: 5)
    /// A floating-point number.
    public static let double = ConfigType(rawValue: 6)
    /// A list, separated by commas.
    public static let list = ConfigType(rawValue: 7)
    /// The name of a Java class.
    public static let `class` = ConfigType(rawValue: 8)
    /// A secret.
    public static let password = ConfigType(rawValue: 9)

    private static let names = [
        1: "boolean", 2: "string", 3: "int", 4: "short", 5: "long", 6: "double", 7: "list", 8: "class", 9: "password",
    ]
}

extension ConfigType: CustomStringConvertible {
    /// The type's name, such as `long`.
    public var description: String { Self.names[Int(self.rawValue)] ?? "type \(self.rawValue)" }
}
