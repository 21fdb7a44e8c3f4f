// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A producer's transactions: which request comes next, what may be written now, and what an error means. Pure.
///
/// There is at most one request at a time. The driver asks for the next one (`takeRequest`), sends it, and reports its result
/// (`answered`). Records are sent beside it by the accumulator, which asks `mayWrite` first.
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
        /// The coordinator knows of no transaction that it could abort.
        case nothingToAbort
        /// The producer can't go on: another one has its id, or the cluster lacks what it needs.
        case fatal
    }

    enum State {
        /// There is no identity, and the first transaction waits for it.
        case uninitialized
        case ready(ProducerIdentity)
        case open(OpenTransaction)
        case ending(OpenTransaction, Outcome)
        /// The epoch must be raised before the next transaction: requests of the last one may still be on their way.
        case stale(ProducerIdentity)
        case failed(KafkaError)
    }

    /// How a transaction ended.
    struct Ended {
        let number: UInt64
        let outcome: Outcome
        /// Why it could only be aborted.
        let reason: KafkaError?
    }

    private(set) var state = State.uninitialized
    /// The request that is out.
    private(set) var pending: Request?
    /// The last transaction that has ended.
    private(set) var lastEnded: Ended?
    /// The number of refused requests for an identity, and the error of the last one.
    private(set) var refusals = (count: 0, error: KafkaError?.none)
    private var lastNumber: UInt64 = 0
    /// The version of the last transaction in the current epoch.
    private var lastVersion: TransactionVersion?
    private var lastOffsets: UInt64 = 0

    // MARK: The life of a transaction

    /// Whether the producer has had an identity, or never will.
    var isInitialized: Bool { if case .uninitialized = self.state { false } else { true } }

    /// The result of an attempt to begin a transaction.
    enum Begun {
        /// A transaction with this number is open.
        case begun(UInt64)
        /// An identity is being obtained. Try again after the next answer.
        case notReady
        /// Another transaction is open.
        case isOpen
        case failed(KafkaError)
    }

    /// Begins a transaction. The version is decided anew for each, since a cluster may be upgraded meanwhile.
    mutating func begin(_ version: TransactionVersion) -> Begun {
        switch self.state {
        case .ready(let identity):
            // The markers of a transaction of version 1 may not be written yet, and they have the same epoch: a broker would take
            // records of version 2 into that transaction.
            if version == .v2, self.lastVersion == .v1 {
                self.state = .stale(identity)
                return .notReady
            }
            self.lastNumber += 1
            self.lastVersion = version
            self.state = .open(OpenTransaction(number: self.lastNumber, identity: identity, version: version))
            return .begun(self.lastNumber)
        case .uninitialized, .stale: return .notReady
        case .open, .ending: return .isOpen
        case .failed(let error): return .failed(error)
        }
    }

    /// Whether records may be sent to a partition now. If it must be added first, it will be.
    ///
    /// - Returns: The identity to write with, or nil if the records have to wait, or can't be written anymore.
    mutating func mayWrite(to partition: TopicPartition) -> ProducerIdentity? {
        guard case .open(var open) = self.state, open.abortReason == nil else { return nil }
        switch (open.partitions[partition], open.version) {
        case (.added?, _):
            return open.identity
        case (_, .v2):
            // The partition's leader adds it with the first batch.
            open.partitions[partition] = .added
            open.mayBeKnown = true
            self.state = .open(open)
            return open.identity
        case (.wanted?, .v1):
            return nil
        case (nil, .v1):
            open.partitions[partition] = .wanted
            self.state = .open(open)
            return nil
        }
    }

    /// Adds a group's offsets, which become the group's with the commit. Returns nil if they can't be added any more.
    mutating func add(
        _ offsets: [TopicPartition: OffsetAndMetadata], topicIDs: [String: KafkaUUID]? = nil,
        as identity: CommitIdentity
    ) -> OffsetsToCommit? {
        guard case .open(var open) = self.state, open.abortReason == nil else { return nil }
        self.lastOffsets += 1
        let commit = OffsetsToCommit(id: self.lastOffsets, identity: identity, offsets: offsets, topicIDs: topicIDs)
        open.offsets.append(commit)
        if open.groups[identity.group] == nil { open.groups[identity.group] = open.version == .v2 ? .added : .wanted }
        self.state = .open(open)
        return commit
    }

    /// Whether offsets wait for their group's coordinator.
    func isPending(_ commit: OffsetsToCommit, of transaction: UInt64) -> Bool {
        guard case .open(let open) = self.state, open.number == transaction, open.abortReason == nil else {
            return false
        }
        return open.offsets.contains { $0.id == commit.id }
    }

    /// The transaction can only be aborted: a record was not stored, for instance, or may not be.
    mutating func spoil(because error: KafkaError) {
        guard case .open(var open) = self.state, open.abortReason == nil else { return }
        open.abortReason = error
        self.state = .open(open)
    }

    /// Ends the transaction. All records must have their results. A transaction that can only be aborted is.
    mutating func end(_ wanted: Outcome) {
        guard case .open(let open) = self.state else { return }
        self.state = .ending(open, open.abortReason == nil ? wanted : .abort)
        self.finishIfUnknownToTheCoordinator()
    }

    /// A transaction without records and offsets is no transaction for the coordinator, which would refuse to end it.
    private mutating func finishIfUnknownToTheCoordinator() {
        guard case .ending(let open, let outcome) = self.state, self.pending == nil, !open.mayBeKnown else { return }
        if outcome == .commit, open.addition != nil { return }
        self.finish(open, outcome, .ready(open.identity))
    }

    private mutating func finish(_ open: OpenTransaction, _ outcome: Outcome, _ next: State) {
        self.lastEnded = Ended(number: open.number, outcome: outcome, reason: open.abortReason)
        self.state = next
    }

    /// Gives the producer up: it waits no longer for the end of a transaction.
    mutating func fail(because error: KafkaError) {
        var error = error
        if case .end(.commit, _, _)? = self.pending { error.isOutcomeUnknown = true }
        if let open = self.current, open.mayBeCommitted { error.isOutcomeUnknown = true }
        error.isFatal = true
        error.isRetriable = false
        self.state = .failed(error)
    }

    // MARK: Looking

    /// The transaction that is open or ending.
    var current: OpenTransaction? {
        switch self.state {
        case .open(let open), .ending(let open, _): open
        case .uninitialized, .ready, .stale, .failed: nil
        }
    }

    /// Why the producer can't go on.
    var failure: KafkaError? { if case .failed(let error) = self.state { error } else { nil } }

    // MARK: Requests

    /// The next request, which is out until its answer. Nil if there is nothing to send, or one is out.
    ///
    /// - Parameter isQuiet: whether no batch is on its way to a broker. With version 1, a late one could reach into the next
    ///   transaction, so an abort waits for it.
    mutating func takeRequest(isQuiet: Bool) -> Request? {
        guard self.pending == nil else { return nil }
        self.pending = self.nextRequest(isQuiet: isQuiet)
        // From now on it may take effect, also if its answer is no longer waited for.
        if self.pending != nil { self.change { $0.mayBeKnown = true } }
        return self.pending
    }

    private func nextRequest(isQuiet: Bool) -> Request? {
        switch self.state {
        case .uninitialized: .initialize(current: nil)
        case .stale(let identity): .initialize(current: identity)
        case .ready, .failed: nil
        case .open(let open): open.abortReason == nil ? open.addition : nil
        case .ending(let open, .abort):
            isQuiet || open.version == .v2 ? .end(.abort, open.identity, open.version) : nil
        // What was accepted is part of the transaction.
        case .ending(let open, .commit): open.addition ?? .end(.commit, open.identity, open.version)
        }
    }

    /// Takes the result of the request that is out.
    mutating func answered(_ answer: Answer) {
        guard let request = self.pending else { return }
        self.pending = nil
        switch answer {
        case .initialized(let identity): self.initialized(identity)
        case .done: self.change { $0.done(request) }
        case .ended(let next): self.ended(next: next)
        case .failed(let error, let consequence): self.failed(request, error, consequence)
        }
        self.finishIfUnknownToTheCoordinator()
    }

    private mutating func initialized(_ identity: ProducerIdentity) {
        switch self.state {
        case .uninitialized, .stale:
            self.state = .ready(identity)
            self.lastVersion = nil
        case .ready, .open, .ending, .failed: break
        }
    }

    private mutating func ended(next: ProducerIdentity?) {
        guard case .ending(let open, let outcome) = self.state else { return }
        if let next {
            self.lastVersion = nil
            self.finish(open, outcome, .ready(next))
        } else if outcome == .abort || open.hasUnknownOutcome {
            // In the same epoch, a late request of this transaction could end or extend the next one.
            self.finish(open, outcome, .stale(open.identity))
        } else {
            self.finish(open, outcome, .ready(open.identity))
        }
    }

    private mutating func failed(_ request: Request, _ error: KafkaError, _ consequence: Consequence) {
        switch consequence {
        case .retry:
            break
        case .retryOfUnknownOutcome:
            self.change { $0.outcomeIsUnknown(of: request) }
        case .abort:
            self.refused(request, error)
        case .nothingToAbort:
            // If a commit may have taken effect, that is the reason.
            if self.current?.mayBeCommitted == true { return self.fail(because: error) }
            self.ended(next: nil)
        case .fatal:
            self.fail(because: error)
        }
    }

    private mutating func refused(_ request: Request, _ error: KafkaError) {
        if case .initialize = request {
            self.refusals = (self.refusals.count + 1, error)
            return
        }
        self.change { open in
            open.abortReason = open.abortReason ?? error
            // The other partitions of the request may have been added.
            open.mayBeKnown = true
        }
        guard case .ending(let open, let outcome) = self.state else { return }
        // An abort that is refused would be refused again.
        if outcome == .abort, case .end = request { return self.fail(because: error) }
        self.state = .ending(open, .abort)
    }

    private mutating func change(_ body: (inout OpenTransaction) -> Void) {
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
