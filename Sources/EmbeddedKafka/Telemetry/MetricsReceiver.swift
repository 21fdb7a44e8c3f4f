// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// What the brokers know of clients that push metrics, and what these have pushed. Pure.
struct MetricsReceiver {
    private struct Client {
        let lastPush: MonotonicTime
        let isGone: Bool
    }

    /// The number of clients to remember. One that is forgotten may push at once, and again after its last push.
    static let clientLimit = 1000

    /// The number of the subscription. It never changes, because the subscription doesn't.
    static let subscriptionID: Int32 = 1

    private let subscription: EmbeddedKafka.MetricsSubscription?
    private let capacity: Int
    private var clients: [KafkaUUID: Client] = [:]
    private(set) var pushes: [EmbeddedKafka.PushedMetrics] = []

    init(_ subscription: EmbeddedKafka.MetricsSubscription?, capacity: Int) {
        self.subscription = subscription
        self.capacity = max(0, capacity)
    }

    /// Takes what a client has pushed, or returns why it is refused.
    mutating func take(_ request: PushTelemetryRequest, from clientID: String, now: MonotonicTime) -> ErrorCode {
        let id = request.clientInstanceId
        let client = self.clients[id]
        guard let subscription = self.subscription, id != .zero, client?.isGone != true else { return .invalidRequest }
        // A client that closes needn't wait.
        if let client, now < client.lastPush + subscription.interval, !request.terminating {
            return .throttlingQuotaExceeded
        }
        guard request.subscriptionId == Self.subscriptionID else { return .unknownSubscriptionId }
        guard let codec = CompressionCodec(rawValue: request.compressionType),
            codec == .none || subscription.compressions.contains(codec)
        else { return .unsupportedCompressionType }
        guard request.metrics.count <= subscription.maxBytes else { return .telemetryTooLarge }
        self.remember(Client(lastPush: now, isGone: request.terminating), id)
        guard let plain = try? codec.decompress(request.metrics, limit: 16 * subscription.maxBytes),
            let data = try? MetricsData(decoding: plain)
        else { return .invalidRecord }
        self.pushes.append(
            EmbeddedKafka.PushedMetrics(
                clientID: clientID, clientInstanceID: id,
                client: Dictionary(data.client.map { ($0.name, $0.value) }) { $1 }, isLast: request.terminating,
                compression: codec, metrics: data.metrics.map(EmbeddedKafka.PushedMetrics.Metric.init)))
        if self.pushes.count > self.capacity { self.pushes.removeFirst() }
        return .none
    }

    private mutating func remember(_ client: Client, _ id: KafkaUUID) {
        self.clients[id] = client
        guard self.clients.count > Self.clientLimit,
            let oldest = self.clients.min(by: { $0.value.lastPush < $1.value.lastPush })?.key
        else { return }
        self.clients[oldest] = nil
    }
}

extension EmbeddedKafka.PushedMetrics.Metric {
    fileprivate init(_ metric: MetricsData.Metric) {
        let kind: EmbeddedKafka.PushedMetrics.Kind =
            switch metric.kind {
            case .gauge: .gauge
            case .deltaSum: .increase
            case .cumulativeSum: .total
            }
        self.init(
            name: metric.name, labels: Dictionary(metric.attributes.map { ($0.name, $0.value) }) { $1 }, kind: kind,
            value: metric.value)
    }
}
