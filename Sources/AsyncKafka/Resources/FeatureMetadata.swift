// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The features of a cluster (KIP-584): which of them its brokers can have, and which versions are in effect.
public struct FeatureMetadata: Hashable, Sendable {
    /// The version of each feature that is in effect, such as of `metadata.version` or `transaction.version`.
    public var finalized: [String: Int16]
    /// How recent this is: a higher number is newer. With KRaft it is an offset of the cluster's metadata. Nil with brokers
    /// below Kafka 2.7.
    public var finalizedEpoch: Int64?
    /// The versions of each feature that the broker supports.
    public var supported: [String: ClosedRange<Int16>]
}

extension FeatureMetadata: CustomStringConvertible {
    /// A line for each feature, such as `metadata.version: 25 (supported: 7 to 27)`.
    public var description: String {
        Set(self.supported.keys).union(self.finalized.keys).sorted().map { name in
            let level = self.finalized[name].map { "\($0)" } ?? "not in effect"
            let range = self.supported[name].map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"
            return "\(name): \(level) (supported: \(range))".printable
        }.joined(separator: "\n")
    }
}

/// A change of a feature's version (KIP-584, KIP-778).
@nonexhaustive
public enum FeatureUpdate: Hashable, Sendable {
    /// A higher version.
    case upgrade(to: Int16)
    /// A lower version, if nothing is lost by it. 0 ends the use of the feature.
    case downgrade(to: Int16)
    /// A lower version, even if **metadata is lost** by it. 0 ends the use of the feature.
    case unsafeDowngrade(to: Int16)

    /// The version.
    var level: Int16 {
        switch self {
        case .upgrade(let level), .downgrade(let level), .unsafeDowngrade(let level): level
        }
    }
}

extension FeatureUpdate: CustomStringConvertible {
    /// The change in words, such as `upgrade to 25`.
    public var description: String {
        switch self {
        case .upgrade(let level): "upgrade to \(level)"
        case .downgrade(let level): "downgrade to \(level)"
        case .unsafeDowngrade(let level): "unsafe downgrade to \(level)"
        }
    }
}
