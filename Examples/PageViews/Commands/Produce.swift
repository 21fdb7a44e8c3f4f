// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `page-views produce`: writes an access log, or the sample if there is none, to a topic.
struct Produce {
    private static let topicOption = RequiredOption("--topic", .text("TOPIC"), "The topic.")
    private static let logOption = Option("--log", .file(), "The access log; - is standard input. Default: the sample.")

    static let command = Command(
        "produce", "writes an access log to a topic, keyed by user", details: AccessLog.formats,
        takes: [Self.topicOption, Self.logOption, Sample.viewsOption]
    ) { try await Produce($0).run() }

    let log: String?
    let views: Int
    let topic: String

    init(_ arguments: Arguments) throws(UsageError) {
        self.log = arguments[Self.logOption]
        self.topic = arguments[Self.topicOption]
        let views = arguments[Sample.viewsOption]
        guard self.log == nil || views == nil else {
            throw UsageError("--views is for the sample, which --log takes the place of")
        }
        self.views = views ?? Sample.defaultViews
    }

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
