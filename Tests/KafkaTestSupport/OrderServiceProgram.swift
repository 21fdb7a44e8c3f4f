// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The built program `order-service`, as a user runs it, with an endpoint on a free port.
package struct OrderServiceProgram {
    package let process: ChildProcess
    package let port: Int

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts the program on a cluster, or with its own broker.
    package init(on bootstrapServers: [String]?) async throws {
        let servers = bootstrapServers.map { ["BOOTSTRAP_SERVERS=\($0.joined(separator: ","))"] } ?? []
        self.process = try ChildProcess(
            "order-service",
            ["/usr/bin/env", "ADDRESS=127.0.0.1", "PORT=0"] + servers + [BuiltProgram.path("order-service")],
            output: .lines(errors: TemporaryFolder.path("order-service")))
        var lines = self.process.lines.makeAsyncIterator()
        let line = await lines.next() ?? ""
        let digits = line.split(separator: ":").last?.prefix { $0.isNumber }
        guard line.hasPrefix("http://localhost:"), let port = digits.flatMap({ Int($0) }) else {
            throw Failure(description: "the program says: \(line)\n\(self.process.errors)")
        }
        self.port = port
    }

    /// The answer to a GET, or nil if there is none.
    package func get(_ path: String) async -> HTTPReply? {
        await HTTPReply.get(path, port: self.port)
    }

    /// Waits until a GET of `/health` has this status. Returns what it says.
    @discardableResult
    package func untilHealth(_ status: Int) async throws -> String {
        var reply: HTTPReply?
        try await eventually("the health is \(status)") {
            reply = await self.get("/health")
            return reply?.status == status
        }
        return reply?.body ?? ""
    }

    /// Waits until a metric has at least this value. Returns the value.
    @discardableResult
    package func untilMetric(_ name: String, isAtLeast value: Double) async throws -> Double {
        var last: Double?
        try await eventually("\(name) is \(value)") {
            last = await self.get("/metrics")?.metric(name)
            return last ?? 0 >= value
        }
        return last ?? 0
    }
}
