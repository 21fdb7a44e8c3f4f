// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// Runs the service on the cluster in BOOTSTRAP_SERVERS, or on an embedded broker with orders. PORT is that of the endpoint
/// (8080), ADDRESS the address that it listens on (all), and KAFKA_PROPERTIES a file with the security of the cluster, in Java's names.
///
/// Start reading with `OrderService.swift`.
@main
struct Program {
    static func main() async {
        let environment = ProcessInfo.processInfo.environment
        let log = JSONLog()
        do {
            guard let port = UInt16(environment["PORT"] ?? "8080") else { throw PortError() }
            let endpoint = try Endpoint(address: environment["ADDRESS"] ?? "0.0.0.0", port: port)
            try FileHandle.standardOutput.write(
                contentsOf: Data("http://localhost:\(endpoint.port) has /live, /health and /metrics.\n".utf8))
            if let servers = environment["BOOTSTRAP_SERVERS"] {
                var cluster = KafkaClientConfiguration(
                    bootstrapServers: servers.split(separator: ",").map(String.init))
                if let file = environment["KAFKA_PROPERTIES"] {
                    cluster.security = try KafkaSecurity(propertiesFile: file)
                }
                try await Self.run(on: cluster, log, endpoint)
            } else {
                log.log(
                    .warning, "BOOTSTRAP_SERVERS isn't set: there is an embedded broker with invented orders",
                    metadata: [])
                try await withDemoCluster(log) { servers in
                    try await Self.run(on: KafkaClientConfiguration(bootstrapServers: servers), log, endpoint)
                }
            }
        } catch {
            log.log(.error, "The service has failed", metadata: [("error", "\(error)")])
            exit(1)
        }
    }

    private static func run(on cluster: KafkaClientConfiguration, _ log: JSONLog, _ endpoint: Endpoint) async throws {
        var cluster = cluster
        cluster.clientID = "order-service"
        cluster.log = log
        let prices = PatientPrices(source: PriceList(prices: ["tea": 250, "coffee": 310]))
        try await OrderService(cluster: cluster, prices: prices, endpoint: endpoint).run(until: untilTerminated)
        log.log(.info, "The service has ended", metadata: [])
    }
}

private struct PortError: Error, CustomStringConvertible {
    var description: String { "PORT has to be a number from 0 to 65535." }
}

/// Stands for another service.
private struct PriceList: PriceSource {
    let prices: [String: Int]

    func price(of item: String) async throws -> Int? { self.prices[item] }
}
