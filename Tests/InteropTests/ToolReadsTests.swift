// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

extension InteropTests {
    /// What the command line tool prints in JSON about a cluster, compared with Kafka's own tools. The calls behind it are
    /// compared on all versions by the tests of the admin client; this is about the tool, so the newest version is enough.
    @Suite(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .timeLimit(.minutes(4)))
    struct ToolReads {
        private typealias Object = [String: Any]

        private func told(_ tool: String, _ cluster: TestCluster, _ arguments: String...) async throws -> [String] {
            try await KafkaTool.run(tool, ["--bootstrap-server", cluster.bootstrap] + arguments)
        }

        @Test(arguments: TestEnvironment.withTools)
        func accessQuotasAndUsersAreAsKafkasToolsSeeThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let (topic, user) = (unique("guarded"), unique("user"))
            try await tool.succeed(
                "acls", "create", "-r", "topic:\(topic)*", "--principal", user, "--operation", "read", "--operation",
                "describe-configs", "--host", "10.0.0.1")
            try await tool.succeed(
                "acls", "create", "-r", "cluster", "--principal", user, "--operation", "alter", "--deny")
            func entries() async throws -> [Object] {
                try await tool.objects("acls", "list", "--principal", user)
            }
            try await eventually("the broker knows the entries") { try await entries().count == 3 }
            let lines = try await entries().map { entry in
                "(principal=\(entry["principal"] ?? ""), host=\(entry["host"] ?? ""), operation=\(entry["operation"] ?? ""), "
                    + "permissionType=\(entry["permission"] as? String == "allow" ? "ALLOW" : "DENY"))"
            }
            let told = try await self.told("org.apache.kafka.tools.AclCommand", cluster, "--list")
            #expect(
                lines.sorted()
                    == told.filter { $0.contains("User:\(user),") }.map { String($0.drop { $0 != "(" }) }
                    .map { $0.trimmingCharacters(in: .whitespaces) }.sorted())
            #expect(
                Set(try await entries().compactMap { $0["resource"] as? String }) == ["topic:\(topic)*", "cluster"])
            try await tool.succeed("acls", "delete", "--principal", user, "--yes")
            try await eventually("the entries are gone") { try await entries().isEmpty }

            try await tool.succeed(
                "quotas", "alter", "--user", user, "--client", "default", "-s", "producer_byte_rate=1024", "-s",
                "request_percentage=12.5")
            func quotas() async throws -> [Object] { try await tool.objects("quotas", "list", "--user", user) }
            try await eventually("the broker knows the quotas") { try await quotas().count == 2 }
            let values = try await quotas().map { "\($0["quota"] ?? "")=\(($0["value"] as? Double) ?? 0)" }
            let config = try await self.told(
                "kafka.admin.ConfigCommand", cluster, "--describe", "--entity-type", "users", "--entity-name", user,
                "--entity-type", "clients", "--entity-default")
            #expect(
                config.contains { line in
                    line.contains("'\(user)', the default client-id are") && values.allSatisfy { line.contains($0) }
                }, "\(config), \(values)")

            let password = TemporaryFolder.path("password").path
            try Data("\(user)-secret\n".utf8).write(to: URL(fileURLWithPath: password))
            try await tool.succeed("users", "create", user, "-m", "SCRAM-SHA-256", "--password-file", password)
            try await eventually("the broker knows the user") {
                try await tool.objects("users", "list").contains {
                    $0["user"] as? String == user && $0["mechanism"] as? String == "SCRAM-SHA-256"
                        && $0["iterations"] as? Int == 8192
                }
            }
            let users = try await self.told(
                "kafka.admin.ConfigCommand", cluster, "--describe", "--entity-type", "users", "--entity-name", user)
            #expect(users.contains { $0.contains("'\(user)' are SCRAM-SHA-256=iterations=8192") }, "\(users)")
            try await tool.succeed("users", "delete", user, "-m", "SCRAM-SHA-256", "--yes")
        }

        @Test(arguments: TestEnvironment.real.prefix(1))
        func theClusterIsAsKafkasToolsSeeIt(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("measured", partitions: 2)
            try await tool.succeed("produce", topic, "-p", "0", "a", "b", "c")
            try await tool.succeed("consume", topic, "-g", topic, "-n", "3")

            let offsets = try await tool.objects("offsets", "list", topic).map {
                "\($0["topic"] ?? ""):\($0["partition"] ?? ""):\($0["end"] ?? "")"
            }
            #expect(
                offsets == (try await self.told("org.apache.kafka.tools.GetOffsetShell", cluster, "--topic", topic)))

            let group = try await tool.objects("groups", "list").first { $0["group"] as? String == topic }
            let states = try await self.told(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", cluster, "--list", "--state", "--type")
            let row = states.map { $0.split(separator: " ").map(String.init) }.first { $0.first == topic }
            #expect(row == [topic, group?["type"] as? String, group?["state"] as? String].compactMap { $0 })

            let features = try await tool.objects("cluster", "features")
            for line in try await self.told("org.apache.kafka.tools.FeatureCommand", cluster, "describe") {
                let words = line.split(whereSeparator: { " \t".contains($0) }).map(String.init)
                guard words.first == "Feature:", words[1] != "metadata.version" else { continue }
                let feature = features.first { $0["feature"] as? String == words[1] }
                #expect("\(feature?["level"] as? Int ?? 0)" == words[7], "\(line)")
                #expect("\(feature?["highest"] as? Int ?? -1)" == words[5], "\(line)")
            }

            let quorum = try await tool.objects("cluster", "quorum")
            let replication = try await self.told(
                "org.apache.kafka.tools.MetadataQuorumCommand", cluster, "describe", "--replication")
            let voters = replication.dropFirst().map { line in
                let words = line.split(whereSeparator: { " \t".contains($0) }).map(String.init)
                return "\(words[0]) \(words.last?.lowercased() ?? "")"
            }
            #expect(Set(voters) == Set(quorum.map { "\($0["id"] ?? "") \($0["role"] ?? "")" }))

            let replicas = try await tool.objects("log-dirs", "replicas", topic)
            let dirs = try await self.told(
                "org.apache.kafka.tools.LogDirsCommand", cluster, "--describe", "--topic-list", topic)
            let json = try #require(dirs.first { $0.hasPrefix("{") })
            for replica in replicas {
                let name = "\(topic)-\(replica["partition"] ?? "")"
                #expect(
                    json.contains("\"partition\":\"\(name)\",\"size\":\(replica["bytes"] ?? "")"), "\(name): \(json)")
            }
            #expect(replicas.count == 2)
        }
    }
}
