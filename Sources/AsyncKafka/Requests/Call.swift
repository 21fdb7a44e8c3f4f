// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A question to the cluster about some items: who can answer, the request, and what an answer means for each item.
///
/// A call holds no state and does no I/O. `Cluster.perform` repeats it until every item has its result or the time is over,
/// and `Cluster.attempt` makes it once for a state machine that decides by itself what follows a failure.
protocol Call<Item, Value>: Sendable {
    /// What is asked about: a partition, a group; `OnlyItem` if the request as a whole is one question.
    associatedtype Item: Hashable & Sendable
    /// What is learned about an item.
    associatedtype Value: Sendable
    associatedtype Request: KafkaRequest

    /// Completes "… while" in errors: "looking an offset up".
    var doing: String { get }

    /// The versions that this call can use, within those that both sides speak.
    var versions: ClosedRange<Int16> { get }

    /// Which of the connections to a broker the request goes over.
    static var purpose: ConnectionPurpose { get }

    /// When the connection ends if there is no answer, at the call's deadline at the latest. If nil, it ends after the request
    /// timeout, and stays when the call's deadline comes before.
    var answerTimeout: Duration? { get }

    /// How long one attempt waits for its answer, if not until the call's deadline: then another is made, and the connection
    /// stays.
    var patience: Duration? { get }

    /// Whether a request that may have taken effect (`APIKey.hasEffect`, and no answer) can be sent again without harm.
    static var isRepeatable: Bool { get }

    /// Who can answer for an item.
    func destination(of item: Item) -> Destination

    /// How many items fit into one request.
    func maximumItems(version: Int16) -> Int

    /// The request for items that go to one broker.
    func request(for items: [Item], to recipient: Recipient) throws(KafkaError) -> Request

    /// What an answer means for each item. An item that is left out counts as not answered, and is asked for again.
    func outcomes(
        of response: Request.Response, to items: [Item], from recipient: Recipient
    ) -> [Item: CallOutcome<Value>]

    /// Adds to an error which item it is about.
    func annotate(_ error: inout KafkaError, about item: Item)
}

extension Call {
    var versions: ClosedRange<Int16> { Request.validVersions }
    static var purpose: ConnectionPurpose { .general }
    var answerTimeout: Duration? { nil }
    var patience: Duration? { nil }
    static var isRepeatable: Bool { true }
    func maximumItems(version: Int16) -> Int { .max }
    func annotate(_ error: inout KafkaError, about item: Item) {}

    /// The outcome for an item that a broker refused with a code.
    func refused(
        _ code: ErrorCode, _ item: Item, by recipient: Recipient, message: String? = nil
    ) -> CallOutcome<Value> {
        var error = KafkaError(code, doing: self.doing, broker: recipient.broker, brokerMessage: message)
        error.isOutcomeUnknown = code.leavesOutcomeUnknown && Request.apiKey.hasEffect
        self.annotate(&error, about: item)
        return CallOutcome(refusal: error, at: self.destination(of: item))
    }
}

/// The item of a call that asks one thing.
struct OnlyItem: Hashable, Sendable {}

/// Who can answer.
enum Destination: Hashable, Sendable {
    case anyBroker
    case broker(Int32)
    case leader(TopicPartition)
    case coordinator(CoordinatorKey)
}

/// The broker that a request is for, and what it depends on.
struct Recipient: Sendable {
    let broker: Broker
    let version: Int16
    let metadata: ClusterMetadata
}

/// What an answer means for one item.
enum CallOutcome<Value: Sendable>: Sendable {
    case done(Value)
    /// The same question will have the same answer.
    case failed(KafkaError)
    /// Another broker leads or coordinates it.
    case elsewhere(KafkaError)
    /// The broker can't answer now.
    case again(KafkaError)

    /// What follows from a broker's refusal.
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

extension Dictionary {
    /// The values, if all items have one; otherwise one of the errors.
    func allSucceeded<Success>() throws(KafkaError) -> [Key: Success] where Value == Result<Success, KafkaError> {
        var values: [Key: Success] = [:]
        for (item, result) in self { values[item] = .some(try result.get()) }
        return values
    }
}
