// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How the cluster takes part in transactions.
enum TransactionVersion: Hashable, Sendable {
    /// Partitions and groups are added by requests of their own, and the epoch stays from one transaction to the next.
    case v1
    /// Partitions and groups are added by the brokers that are written to, and each end of a transaction begins a new epoch, so
    /// that late requests of an earlier transaction are recognized (KIP-890).
    case v2
}

/// A producer's transactions: which request comes next, what may be written now, and what an error means. Pure.
///
/// There is at most one request at a time. Whoever drives the machine asks for the next one (`takeRequest`), sends it, and
/// reports its result (`answered`). Records are sent beside it by the accumulator, which asks `mayWrite` first.
struct TransactionStateMachine {
    /// A request to the coordinators.
    enum Request: Hashable, Sendable {
        /// Obtains an identity, which fences other producers with the transactional id. With the current identity, it continues in
        /// a new epoch (KIP-360).
        case initialize(current: ProducerIdentity?)
        case addPartitions(Set<TopicPartition>, ProducerIdentity)
        case addOffsets(group: String, ProducerIdentity)
        case commitOffsets(OffsetsToCommit, ProducerIdentity, TransactionVersion)
        case end(Outcome, ProducerIdentity, TransactionVersion)
    }

    enum Outcome: Hashable, Sendable { case commit, abort }

    struct OffsetsToCommit: Hashable, Sendable {
        var identity: CommitIdentity
        var offsets: [TopicPartition: OffsetAndMetadata]
    }

    /// The result of a request.
    enum Answer {
        case initialized(ProducerIdentity)
        case done
        /// The transaction has ended, and the next one uses this identity. Nil with version 1.
        case ended(next: ProducerIdentity?)
        case failed(KafkaError, Consequence)
    }

    /// What an error means for the producer.
    enum Consequence: Hashable, Sendable {
        /// The request is sent again.
        case retry
        /// As `retry`, and the request may have taken effect.
        case retryOfUnknownOutcome
        /// The transaction can only be aborted.
        case abort
        /// The producer can't go on: another one has its id, or the cluster lacks what it needs.
        case fatal
    }

    enum State {
        /// There is no identity, and the first transaction waits for it.
        case uninitialized
        case ready(ProducerIdentity)
        case open(Open)
        case ending(Open, Outcome)
        /// The epoch must be raised before the next transaction: requests of the last one may still be on their way.
        case stale(ProducerIdentity)
        case failed(KafkaError)
    }

    /// A transaction that has begun.
    struct Open {
        let identity: ProducerIdentity
        let version: TransactionVersion
        /// The partitions that have records, or will have.
        fileprivate(set) var partitions: [TopicPartition: Membership] = [:]
        fileprivate(set) var groups: [String: Membership] = [:]
        fileprivate(set) var offsets: [OffsetsToCommit] = []
        /// Why the transaction can only be aborted.
        fileprivate(set) var abortReason: KafkaError?
        /// Whether the coordinator may know of the transaction. If it doesn't, there is nothing to end.
        fileprivate(set) var mayBeKnown = false
        /// Whether a request may have taken effect without an answer. A late one could reach into the next transaction.
        fileprivate(set) var hasUnknownOutcome = false
    }

    /// Whether the coordinator knows that a partition or group takes part.
    enum Membership: Hashable, Sendable { case wanted, added }

    private(set) var state = State.uninitialized
    /// The request that is out.
    private(set) var pending: Request?

    // MARK: The life of a transaction

    /// Why a transaction can't begin now.
    enum Obstacle {
        /// An identity is being obtained. Try again after the next answer.
        case notReady
        /// Another transaction is open.
        case isOpen
        case failed(KafkaError)
    }

    /// Begins a transaction. The version is decided anew for each, since a cluster may be upgraded meanwhile.
    mutating func begin(_ version: TransactionVersion) -> Obstacle? {
        switch self.state {
        case .ready(let identity):
            self.state = .open(Open(identity: identity, version: version))
            return nil
        case .uninitialized, .stale: return .notReady
        case .open, .ending: return .isOpen
        case .failed(let error): return .failed(error)
        }
    }

    /// Whether records may be sent to a partition now. If it must be added first, it will be.
    ///
    /// - Returns: The identity to write with, or nil if the records have to wait, or can't be written anymore.
    mutating func mayWrite(to partition: TopicPartition) -> ProducerIdentity? {
        guard case .open(var open) = self.state, open.abortReason == nil else {
            // A commit waits for records that were accepted before.
            if case .ending(let open, .commit) = self.state, open.partitions[partition] == .added {
                return open.identity
            }
            return nil
        }
        defer { self.state = .open(open) }
        switch (open.partitions[partition], open.version) {
        case (.added?, _):
            return open.identity
        case (_, .v2):
            // The partition's leader adds it with the first batch.
            open.partitions[partition] = .added
            open.mayBeKnown = true
            return open.identity
        case (.wanted?, .v1):
            return nil
        case (nil, .v1):
            open.partitions[partition] = .wanted
            return nil
        }
    }

    /// Adds a group's offsets, which become the group's with the commit.
    mutating func add(_ offsets: OffsetsToCommit) {
        guard case .open(var open) = self.state else { return }
        open.offsets.append(offsets)
        let group = offsets.identity.group
        if open.groups[group] == nil { open.groups[group] = open.version == .v2 ? .added : .wanted }
        self.state = .open(open)
    }

    /// The transaction can only be aborted: a record was not stored, for instance, or may not be.
    mutating func spoil(because error: KafkaError) {
        guard case .open(var open) = self.state, open.abortReason == nil else { return }
        open.abortReason = error
        self.state = .open(open)
    }

    /// Ends the transaction. All records must have their results. A transaction that can only be aborted is.
    ///
    /// - Returns: Why the transaction is aborted although it should be committed, or nil.
    @discardableResult
    mutating func end(_ wanted: Outcome) -> KafkaError? {
        guard case .open(let open) = self.state else { return nil }
        let outcome: Outcome = open.abortReason == nil ? wanted : .abort
        self.state = .ending(open, outcome)
        self.finishIfUnknownToTheCoordinator()
        return wanted == .commit ? open.abortReason : nil
    }

    /// A transaction without records and offsets is no transaction for the coordinator, which would refuse to end it.
    private mutating func finishIfUnknownToTheCoordinator() {
        guard case .ending(let open, let outcome) = self.state, !open.mayBeKnown else { return }
        if outcome == .commit, open.partitions.values.contains(.wanted) || !open.offsets.isEmpty { return }
        self.state = open.hasUnknownOutcome ? .stale(open.identity) : .ready(open.identity)
    }

    // MARK: Requests

    /// The next request, which is out until its answer. Nil if there is nothing to send, or one is out.
    mutating func takeRequest() -> Request? {
        guard self.pending == nil else { return nil }
        self.pending = self.nextRequest
        return self.pending
    }

    private var nextRequest: Request? {
        switch self.state {
        case .uninitialized: .initialize(current: nil)
        case .stale(let identity): .initialize(current: identity)
        case .ready, .failed: nil
        case .open(let open): open.abortReason == nil ? Self.addition(to: open) : nil
        case .ending(let open, .abort): .end(.abort, open.identity, open.version)
        // What was accepted is part of the transaction.
        case .ending(let open, .commit): Self.addition(to: open) ?? .end(.commit, open.identity, open.version)
        }
    }

    private static func addition(to open: Open) -> Request? {
        let partitions = open.partitions.filter { $0.value == .wanted }
        if !partitions.isEmpty { return .addPartitions(Set(partitions.keys), open.identity) }
        if let group = open.groups.filter({ $0.value == .wanted }).keys.min() {
            return .addOffsets(group: group, open.identity)
        }
        return open.offsets.first.map { .commitOffsets($0, open.identity, open.version) }
    }

    /// Takes the result of the request that is out.
    mutating func answered(_ answer: Answer) {
        guard let request = self.pending else { return }
        self.pending = nil
        switch answer {
        case .initialized(let identity): self.initialized(identity)
        case .done: self.done(request)
        case .ended(let next): self.ended(next: next)
        case .failed(let error, let consequence): self.failed(request, error, consequence)
        }
        self.finishIfUnknownToTheCoordinator()
    }

    private mutating func initialized(_ identity: ProducerIdentity) {
        switch self.state {
        case .uninitialized, .stale: self.state = .ready(identity)
        case .ready, .open, .ending, .failed: break
        }
    }

    private mutating func done(_ request: Request) {
        self.change { open in
            open.mayBeKnown = true
            switch request {
            case .addPartitions(let partitions, _):
                for partition in partitions { open.partitions[partition] = .added }
            case .addOffsets(let group, _):
                open.groups[group] = .added
            case .commitOffsets(let offsets, _, _):
                open.offsets.removeAll { $0 == offsets }
            case .initialize, .end:
                break
            }
        }
    }

    private mutating func ended(next: ProducerIdentity?) {
        guard case .ending(let open, let outcome) = self.state else { return }
        if let next {
            self.state = .ready(next)
        } else if outcome == .abort || open.hasUnknownOutcome {
            // In the same epoch, a late request of this transaction could end or extend the next one.
            self.state = .stale(open.identity)
        } else {
            self.state = .ready(open.identity)
        }
    }

    private mutating func failed(_ request: Request, _ error: KafkaError, _ consequence: Consequence) {
        switch consequence {
        case .retry: break
        case .retryOfUnknownOutcome:
            self.change { open in
                open.mayBeKnown = true
                open.hasUnknownOutcome = true
            }
        case .abort:
            if case .initialize = request { return }
            self.change { open in
                open.abortReason = open.abortReason ?? error
                // The other partitions of the request may have been added.
                open.mayBeKnown = true
            }
            // An end that is refused this way would be refused again.
            if case .ending(let open, let outcome) = self.state {
                if case .end = request {
                    self.state = outcome == .abort ? .failed(error) : .ending(open, .abort)
                } else {
                    self.state = .ending(open, .abort)
                }
            }
        case .fatal: self.state = .failed(error)
        }
    }

    private mutating func change(_ body: (inout Open) -> Void) {
        switch self.state {
        case .open(var open):
            body(&open)
            self.state = .open(open)
        case .ending(var open, let outcome):
            body(&open)
            self.state = .ending(open, outcome)
        case .uninitialized, .ready, .stale, .failed:
            break
        }
    }
}
