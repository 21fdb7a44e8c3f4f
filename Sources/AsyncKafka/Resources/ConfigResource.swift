// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Something that has settings: a topic, a broker, a group.
public struct ConfigResource: Hashable, Sendable {
    /// The kind of a resource.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// Kafka's code of the kind.
        public var rawValue: Int8

        /// Creates the kind with this code.
        public init(rawValue: Int8) {
            self.rawValue = rawValue
        }

        /// A topic.
        public static let topic = Kind(rawValue: 2)
        /// A broker, or all brokers.
        public static let broker = Kind(rawValue: 4)
        /// The loggers of a broker (KIP-412, Kafka 2.4).
        public static let brokerLogger = Kind(rawValue: 8)
        /// A client metrics subscription (KIP-714, Kafka 3.7).
        public static let clientMetrics = Kind(rawValue: 16)
        /// A group (KIP-848, Kafka 4.0).
        public static let group = Kind(rawValue: 32)
    }

    /// The resource's kind.
    public var kind: Kind
    /// The resource's name: a broker's id, or empty for all brokers.
    public var name: String

    /// Creates a resource.
    public init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Returns a topic.
    public static func topic(_ name: String) -> ConfigResource { ConfigResource(.topic, name) }
    /// Returns a broker, by its id.
    public static func broker(_ id: Int32) -> ConfigResource { ConfigResource(.broker, "\(id)") }
    /// The settings that all brokers have unless they have their own (KIP-226).
    public static let allBrokers = ConfigResource(.broker, "")
    /// Returns the loggers of a broker, whose settings are their levels.
    public static func brokerLogger(_ id: Int32) -> ConfigResource { ConfigResource(.brokerLogger, "\(id)") }
    /// Returns a client metrics subscription.
    public static func clientMetrics(_ name: String) -> ConfigResource { ConfigResource(.clientMetrics, name) }
    /// Returns a group.
    public static func group(_ id: String) -> ConfigResource { ConfigResource(.group, id) }

    /// The broker that must be asked. Nil if any can be.
    var broker: Int32? {
        self.kind == .broker || self.kind == .brokerLogger ? Int32(self.name) : nil
    }
}

extension ConfigResource.Kind: CustomStringConvertible {
    /// The kind in words, such as `topic`.
    public var description: String {
        switch self {
        case .topic: "topic"
        case .broker: "broker"
        case .brokerLogger: "broker logger"
        case .clientMetrics: "client metrics"
        case .group: "group"
        default: "resource of type \(self.rawValue)"
        }
    }
}

extension ConfigResource: CustomStringConvertible {
    /// The kind and the name, such as `topic orders`.
    public var description: String { self == .allBrokers ? "all brokers" : "\(self.kind) \(self.name)".printable }
}

/// A change of one setting, which leaves the others as they are (KIP-339).
@nonexhaustive
public enum ConfigChange: Hashable, Sendable {
    /// Sets a value.
    case set(_ name: String, to: String)
    /// Removes a setting, so that its default is in effect.
    case delete(_ name: String)
    /// Adds values, separated by commas, to a setting that is a list.
    case append(_ name: String, _ values: String)
    /// Removes values, separated by commas, from a setting that is a list.
    case subtract(_ name: String, _ values: String)
}

extension ConfigChange: CustomStringConvertible {
    /// The change, such as `retention.ms=60000` or `delete retention.ms`. The values of passwords and other secrets are left out.
    public var description: String {
        let line =
            switch self {
            case .set(let name, let value): "\(name)=\(value.hiddenIfSecret(name))"
            case .delete(let name): "delete \(name)"
            case .append(let name, let values): "\(name)+=\(values)"
            case .subtract(let name, let values): "\(name)-=\(values)"
            }
        return line.printable
    }
}
