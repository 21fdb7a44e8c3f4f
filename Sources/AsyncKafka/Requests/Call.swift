// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A request to the cluster about some items: which broker it goes to, how it is built, and what the response means for
/// each item.
///
/// A call is stateless and does no I/O. `Cluster.perform` repeats it until every item has a result or the deadline
/// passes. `Cluster.attempt` performs it once, for state machines that handle failures themselves.
protocol Call<Item, Value>: Sendable {
    /// What the call is about: a partition or a group, or `OnlyItem` if the request is a single question.
    associatedtype Item: Hashable & Sendable
    /// The result for an item.
    associatedtype Value: Sendable
    associatedtype Request: KafkaRequest

    /// Completes "… while" in errors, as in "looking an offset up".
    var doing: String { get }

    /// The versions that this call supports, out of those that client and broker have in common.
    var versions: ClosedRange<Int16> { get }

    /// The connection to the broker that the request is sent on.
    var purpose: ConnectionPurpose { get }

    /// The time without a response after which the connection is closed; the call's deadline, if that is earlier. If
    /// nil, the connection is closed after the request timeout, and stays open if the call's deadline comes first.
    var answerTimeout: Duration? { get }

    /// The maximum time for a single attempt, if shorter than the call's deadline. Another attempt follows; the
    /// connection stays open.
    var patience: Duration? { get }

    /// Whether the request may change something: not if it only reads or validates.
    var hasEffect: Bool { get }

    /// Whether a request that may have taken effect (`hasEffect`, and no response) can safely be repeated.
    var isRepeatable: Bool { get }

    /// The broker that can answer for an item.
    func destination(of item: Item) -> Destination

    /// The maximum number of items in one request.
    func maximumItems(version: Int16) -> Int

    /// Builds the request for items that go to the same broker.
    func request(for items: [Item], to recipient: Recipient) throws(KafkaError) -> Request

    /// Reads the outcome of each item from the response. An omitted item counts as unanswered and is requested again.
    func outcomes(
        of response: Request.Response, to items: [Item], from recipient: Recipient
    ) -> [Item: CallOutcome<Value>]

    /// Adds the item to an error about it.
    func annotate(_ error: inout KafkaError, about item: Item)
}

extension Call {
    var versions: ClosedRange<Int16> { Request.validVersions }
    var purpose: ConnectionPurpose { .general }
    var answerTimeout: Duration? { nil }
    var patience: Duration? { nil }
    var hasEffect: Bool { Request.apiKey.hasEffect }
    var isRepeatable: Bool { true }
    func maximumItems(version: Int16) -> Int { .max }
    func annotate(_ error: inout KafkaError, about item: Item) {}

    /// The outcome for an item for which the broker returned an error code.
    func refused(
        _ code: ErrorCode, _ item: Item, by recipient: Recipient, message: String? = nil
    ) -> CallOutcome<Value> {
        var error = KafkaError(code, doing: self.doing, broker: recipient.broker, brokerMessage: message)
        error.isOutcomeUnknown = code.leavesOutcomeUnknown && self.hasEffect
        self.annotate(&error, about: item)
        return CallOutcome(refusal: error, at: self.destination(of: item))
    }
}

/// The item of a call with a single question.
struct OnlyItem: Hashable, Sendable {}

/// The broker that can answer.
enum Destination: Hashable, Sendable {
    case anyBroker
    case broker(Int32)
    /// The broker that the cluster names as its controller. With KRaft that is any broker, which forwards to the controller.
    case controller
    case leader(TopicPartition)
    case coordinator(CoordinatorKey)
}

/// The broker that a request goes to, with the version and metadata that the request is built from.
struct Recipient: Sendable {
    let broker: Broker
    let version: Int16
    let metadata: ClusterMetadata
}

extension Recipient {
    /// The broker with its id, which a connection to a bootstrap server doesn't have.
    var identifiedBroker: Broker {
        guard self.broker.id == nil else { return self.broker }
        return self.metadata.brokers.values.first { $0.server == self.broker.server } ?? self.broker
    }
}

/// The meaning of a response for one item.
enum CallOutcome<Value: Sendable>: Sendable {
    case done(Value)
    /// Repeating the request would fail the same way.
    case failed(KafkaError)
    /// Another broker is the item's leader or coordinator.
    case elsewhere(KafkaError)
    /// The broker can't answer at the moment.
    case again(KafkaError)

    /// The outcome that follows from a broker's error code.
    init(refusal error: KafkaError, at destination: Destination) {
        switch error.brokerCode?.remedy(at: destination) {
        case .askElsewhere: self = .elsewhere(error)
        case .askAgain: self = .again(error)
        case .some(.none), nil:
            var final = error
            final.isRetriable = false
            self = .failed(final)
        }
    }
}

extension CallOutcome {
    /// The outcome of a single attempt.
    var result: Result<Value, KafkaError> {
        switch self {
        case .done(let value): .success(value)
        case .failed(let error), .elsewhere(let error), .again(let error): .failure(error)
        }
    }
}
