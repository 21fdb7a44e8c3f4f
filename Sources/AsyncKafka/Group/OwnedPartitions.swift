// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The partitions that a member owns, and the step in which the reader takes some over or gives some up. Pure.
///
/// It is the same under every protocol of groups. A member's state machine decides which steps there are and when.
struct OwnedPartitions: Hashable, Sendable {
    /// How far the current step is.
    enum Progress: Hashable, Sendable {
        case none
        /// The step is offered to the reader.
        case due(RebalanceStep)
        /// The reader performs the step.
        case atWork(RebalanceStep)
        /// The group has removed the member while the reader performed the step. The callback runs to its end, and
        /// what is left then is lost.
        case overtaken(RebalanceStep)
    }

    /// The partitions that the listener knows of, sorted, including those whose callback is running.
    private(set) var all: [TopicPartition] = []
    private(set) var progress = Progress.none
    /// How many times partitions were given up. What was read before isn't committed after that, because another member
    /// may have owned the partition meanwhile.
    private(set) var tenure = 0

    /// Owns nothing.
    ///
    /// - Parameter former: the partitions of the membership that ended, if there was one.
    init(after former: OwnedPartitions? = nil) {
        if let former { self.tenure = former.tenure + 1 }
    }

    var isEmpty: Bool { self.all.isEmpty }

    /// The step that the reader has to perform or performs.
    var step: RebalanceStep? {
        switch self.progress {
        case .none: nil
        case .due(let step), .atWork(let step), .overtaken(let step): step
        }
    }

    /// Whether the partitions are lost and the listener hasn't finished `partitionsLost` yet.
    var isLosing: Bool { self.step?.isLoss ?? false }

    /// Whether the reader performs this step.
    func isAtWork(on step: RebalanceStep) -> Bool {
        switch self.progress {
        case .atWork(let current), .overtaken(let current): current == step
        case .none, .due: false
        }
    }

    /// Offers a step to the reader.
    mutating func offer(_ step: RebalanceStep) { self.progress = .due(step) }

    /// Takes back a step that the reader hasn't begun, and returns whether there was one.
    mutating func withdraw() -> Bool {
        guard case .due = self.progress else { return false }
        self.progress = .none
        return true
    }

    /// Marks the offered step as in progress, and returns it. Returns nil if no step is offered.
    mutating func began() -> RebalanceStep? {
        guard case .due(let step) = self.progress else { return nil }
        if case .assign(let added) = step { self.all = (self.all + added).sorted() }
        self.progress = .atWork(step)
        return step
    }

    /// Completes the step in progress. Returns false if no step was in progress.
    ///
    /// If the group has removed the member since the step began, the remaining partitions are lost: the next step tells
    /// the listener. It doesn't name partitions for which `partitionsRevoked` has just been called.
    mutating func ended() -> Bool {
        switch self.progress {
        case .none, .due: return false
        case .atWork(let step):
            self.progress = .none
            self.giveUp(step)
        case .overtaken(let step):
            self.progress = .none
            self.giveUp(step)
            if !self.all.isEmpty { self.offer(.lost(self.all)) }
        }
        return true
    }

    private mutating func giveUp(_ step: RebalanceStep) {
        if case .assign = step { return }
        self.all = self.rest(without: step)
        self.tenure += 1
    }

    /// Notes that the group has removed the member. What the listener knows of is lost, after the callback that is
    /// running.
    mutating func lose() {
        self.tenure += 1
        switch self.progress {
        case .none, .due(.assign), .due(.revoke):
            self.progress = self.all.isEmpty ? .none : .due(.lost(self.all))
        case .atWork(.lost), .due(.lost), .overtaken: break
        case .atWork(let step): self.progress = .overtaken(step)
        }
    }

    /// Ends all steps, because the consumer leaves the group. Returns the step in which the reader has to give up what
    /// no callback is giving up already, if any.
    mutating func takeLastStep() -> RebalanceStep? {
        defer { self.progress = .none }
        let isLost: Bool
        let rest: [TopicPartition]
        switch self.progress {
        case .none, .due(.assign), .due(.revoke), .atWork(.assign): (isLost, rest) = (false, self.all)
        case .atWork(let step): (isLost, rest) = (false, self.rest(without: step))
        case .due(.lost), .overtaken(.assign): (isLost, rest) = (true, self.all)
        case .overtaken(let step): (isLost, rest) = (true, self.rest(without: step))
        }
        if rest.isEmpty { return nil }
        return isLost ? .lost(rest) : .revoke(rest)
    }

    private func rest(without step: RebalanceStep) -> [TopicPartition] {
        let given = Set(step.partitions)
        return self.all.filter { !given.contains($0) }
    }
}
