// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The target of the group, and how members come to it.
extension EpochGroup {
    /// Increases the group's epoch if members, subscriptions or the subscribed topics have changed, and computes the target
    /// if that is not done for this epoch.
    mutating func refresh(_ topics: GroupTopics, _ isVisible: (String) -> Bool, isChanged: Bool) {
        if isChanged || self.topicsVersion != topics.version {
            self.matchPatterns(topics, isVisible)
            let before = self.subscribed
            self.refreshSubscribed(topics)
            if isChanged || self.subscribed != before { self.epoch += 1 }
        }
        guard self.epoch > self.assignmentEpoch else { return }
        let members = self.members.values.map {
            GroupAssignor.Member(
                id: $0.id, instanceID: $0.instanceID, topics: self.topics(of: $0), current: self.target[$0.id] ?? [])
        }
        self.target = self.assignor.assign(members, topics)
        self.assignmentEpoch = self.epoch
    }

    /// Takes over how the subscribed topics are now.
    mutating func refreshSubscribed(_ topics: GroupTopics) {
        self.topicsVersion = topics.version
        let names = self.members.values.reduce(into: Set<String>()) { $0.formUnion(self.topics(of: $1)) }
        self.subscribed = topics.byName.filter { names.contains($0.key) }
    }

    /// Forgets the patterns that no member has any more, and matches the others with topics that have changed.
    private mutating func matchPatterns(_ topics: GroupTopics, _ isVisible: (String) -> Bool) {
        let patterns = Set(self.members.values.compactMap(\.pattern))
        self.matches = self.matches.filter { patterns.contains($0.key) }
        guard self.topicsVersion != topics.version else { return }
        for pattern in patterns {
            // A pattern that can't be read was refused when the member came with it.
            self.matches[pattern] = (try? TopicPattern(pattern).matches(topics).filter(isVisible)) ?? []
        }
    }

    /// Lets a member that is giving up partitions give up those of topics that it doesn't subscribe to any more, too. It has the
    /// whole rebalance timeout for that. A member that used the classic protocol until then had no deadline.
    mutating func revokeUnsubscribed(_ id: String, _ topics: GroupTopics, now: Milliseconds) {
        guard var member = self.members[id], member.state == .unrevoked else { return }
        let subscribed = Set(self.topics(of: member).compactMap { topics.byName[$0]?.id })
        let unwanted = member.assigned.filter { !subscribed.contains($0.key.topic) }
        guard !unwanted.isEmpty else { return }
        for (partition, epoch) in unwanted {
            member.assigned[partition] = nil
            member.revoking[partition] = epoch
        }
        member.rebalanceDeadline = now + member.rebalanceTimeout
        self.store(member)
    }

    /// Brings a member nearer to its target: it first gives up what it isn't to have, and is then given what others have
    /// given up.
    mutating func reconcile(_ id: String, owned: Set<GroupPartition>?, now: Milliseconds) {
        guard var member = self.members[id] else { return }
        switch member.state {
        case .stable where member.epoch == self.assignmentEpoch: return
        case .unrevoked where owned.map({ !$0.isDisjoint(with: member.revoking.keys) }) ?? true:
            return
        case .stable, .unrevoked, .unreleased: break
        }
        let target = self.target[id] ?? []
        let revoked = member.assigned.filter { !target.contains($0.key) }
        let kept = member.assigned.filter { target.contains($0.key) }
        // What the member has given up just now is free for itself, too.
        let free = target.filter { partition in
            member.assigned[partition] == nil
                && (self.holders[partition] == nil || member.revoking[partition] != nil)
        }
        member.assigned = kept
        if !revoked.isEmpty, owned.map({ !$0.isDisjoint(with: revoked.keys) }) ?? true {
            member.revoking = revoked
            member.state = .unrevoked
            member.move(to: member.epoch)
            // Members of the classic protocol have to join again in time.
            if member.classic == nil { member.rebalanceDeadline = now + member.rebalanceTimeout }
        } else {
            for partition in free { member.assigned[partition] = self.assignmentEpoch }
            member.revoking = [:]
            member.state = member.assigned.count < target.count ? .unreleased : .stable
            member.move(to: self.assignmentEpoch)
            member.rebalanceDeadline = nil
        }
        self.store(member)
    }
}
