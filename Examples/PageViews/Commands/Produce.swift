// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// `page-views produce`: writes an access log, or the sample if there is none, to a topic.
struct Produce {
    let log: String?
    let views: Int
    let topic: String

    func run() async throws {
        var log = try self.log.map { try AccessLog(path: $0) } ?? AccessLog(SampleLog(count: self.views))
        let cluster = KafkaClientConfiguration.fromEnvironment()
        try await cluster.require(self.topic)
        var progress = Progress()
        try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
            while let view = try log.next() {
                try await producer.enqueue(view.record(topic: self.topic))
                progress.say("\(log.viewCount.grouped) views produced")
            }
        }  // All views are acknowledged here, or an error has been thrown.
        try say("\(log.viewCount.grouped) views produced to \(self.topic).")
        if let complaint = log.complaint { complain(complaint) }
    }
}
