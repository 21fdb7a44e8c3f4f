// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What is to happen with the replicas of a partition.
@nonexhaustive
public enum NewPartitionReassignment: Hashable, Sendable {
    /// The replicas move to these brokers, the preferred leader first.
    case replicas([Int32])
    /// The reassignment that is in progress is undone.
    case cancel
}

extension NewPartitionReassignment: CustomStringConvertible {
    /// The change, such as `replicas [1, 2]`.
    public var description: String {
        switch self {
        case .replicas(let brokers): "replicas \(brokers)"
        case .cancel: "cancel"
        }
    }
}

/// A reassignment of a partition that is in progress.
public struct PartitionReassignment: Hashable, Sendable {
    /// The brokers that have replicas, including those that are being added and removed.
    public var replicas: [Int32]
    /// The brokers whose replicas are being added.
    public var addingReplicas: [Int32]
    /// The brokers whose replicas are being removed.
    public var removingReplicas: [Int32]

    /// The brokers that have replicas when the reassignment is complete.
    public var targetReplicas: [Int32] { self.replicas.filter { !self.removingReplicas.contains($0) } }
}

extension PartitionReassignment: CustomStringConvertible {
    /// The reassignment, such as `replicas [1, 2, 3], adding [3], removing [1]`.
    public var description: String {
        "replicas \(self.replicas), adding \(self.addingReplicas), removing \(self.removingReplicas)"
    }
}
