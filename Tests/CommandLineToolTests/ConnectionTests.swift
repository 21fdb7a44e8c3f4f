// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import async_kafka

/// How the program finds the cluster and ends.
@Suite(.timeLimit(.minutes(2)))
struct ConnectionTests {
    @Test func aClusterThatIsNotThereHasAStatusOfItsOwn() async throws {
        let tool = ToolProgram(["127.0.0.1:1"])
        let result = try await tool.run(["topics", "list", "--timeout", "500ms"])
        #expect(result.status == ExitStatus.noConnection.rawValue)
        #expect(result.errors.hasPrefix("async-kafka: No broker could be reached in time."))
        #expect(result.errors.count { $0 == "\n" } == 1, "\(result.errors)")
        #expect(result.output == [])
    }

    @Test(arguments: [["topics", "list"], ["produce", "orders", "x"], ["consume", "orders", "-g", "g"]])
    func aClusterThatDoesNotAnswerHasTheSameStatus(arguments: [String]) async throws {
        let port = try SilentPort()
        let result = try await ToolProgram(["127.0.0.1:\(port.port)"]).run(arguments + ["--timeout", "500ms"])
        #expect(result.status == ExitStatus.noConnection.rawValue, "\(result.errors)")
    }

    @Test(arguments: [
        (
            ["topics", "creat", "x"],
            "async-kafka: There is no command \"creat\"; did you mean create? See async-kafka topics --help.\n"
        ),
        (
            ["topics", "delete", "x"],
            "async-kafka: There is no terminal to ask in: --yes does it without a question. See async-kafka topics delete --help.\n"
        ),
        (
            ["configs", "alter", "x"],
            "async-kafka: Name a change: --set-config, --delete, --append or --subtract. See async-kafka configs alter --help.\n"
        ),
        (
            ["consume", "x", "-g", "g", "--last", "3"],
            "async-kafka: A group reads from its committed offsets on: --to and --last are for reading without a group. See async-kafka consume --help.\n"
        ),
    ])
    func aWrongCommandLineIsExplainedInASentence(arguments: [String], sentence: String) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let result = try await ToolProgram(kafka.bootstrapServers).run(arguments)
            #expect(result.status == ExitStatus.misuse.rawValue)
            #expect(result.errors == sentence)
        }
    }

    @Test func aLoginComesFromAFileOrAProfileOrTheEnvironment() async throws {
        let authority = try EmbeddedKafka.Authority()
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "alice-secret"]
        configuration.listeners = [
            EmbeddedKafka.Listener("SECURE", tls: try authority.tls(), mechanisms: [.scramSHA512])
        ]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("orders", partitions: 1)
            let trust = TemporaryFolder.path("ca.pem").path
            try FileSystem.write(String(decoding: authority.certificate, as: UTF8.self), to: trust)
            let file = TemporaryFolder.path("client.properties").path
            let servers = kafka.bootstrapServers(of: "SECURE").joined(separator: ",")
            try FileSystem.write(
                """
                bootstrap.servers=\(servers)
                security.protocol=sasl_ssl
                sasl.mechanisms=SCRAM-SHA-512
                sasl.username=alice
                ssl.ca.location=\(trust)
                """, to: file)
            var tool = ToolProgram()
            let refused = try await tool.run(["topics", "names", "--properties", file])
            #expect(refused.status == ExitStatus.misuse.rawValue, "\(refused.errors)")
            #expect(refused.errors.contains("ASYNC_KAFKA_SASL_PASSWORD"))

            tool.environment["ASYNC_KAFKA_SASL_PASSWORD"] = "wrong"
            let wrong = try await tool.run(["topics", "names", "--properties", file, "--timeout", "5s"])
            #expect(wrong.status == ExitStatus.noConnection.rawValue, "\(wrong.errors)")
            #expect(!wrong.errors.contains("wrong"))

            tool.environment["ASYNC_KAFKA_SASL_PASSWORD"] = "alice-secret"
            #expect(try await tool.succeed("topics", "names", "--properties", file) == ["orders"])
            #expect(try await tool.succeed("profiles", "add", "prod", "--properties", file) == ["prod saved"])
            try await tool.succeed("profiles", "use", "prod")
            #expect(try await tool.succeed("topics", "names") == ["orders"])
            let list = try await tool.succeed("profiles", "list", "-o", "csv")
            #expect(list == ["profile,current,bootstrapServers,security,user", "prod,yes,\(servers),sasl_ssl,alice"])
        }
    }

    @Test func aPipeThatClosesIsNoError() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            let lines = (0..<20_000).map { "a line of some length, number \($0)\n" }.joined()
            try await tool.succeed("produce", "lines", input: lines)
            // The status of a pipe's first command is written by the shell.
            let program = try ChildProcess(
                "sh",
                [
                    "/bin/sh", "-c", "{ \"$0\" -b \"$1\" consume lines --raw; echo \"status $?\" >&2; } | head -c 10",
                    BuiltProgram.path("async-kafka"), kafka.bootstrapServers[0],
                ], output: .lines(errors: TemporaryFolder.path("pipe")))
            await program.ended()
            #expect(program.errors == "status 0\n")
        }
    }

    @Test func shellsAreOfferedCommandsAndTopics() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders", partitions: 1)
            let tool = ToolProgram(kafka.bootstrapServers)
            #expect(try await tool.succeed("complete-words", "--", "topics", "delete", "") == ["orders"])
            let timeout = try await tool.succeed("complete-words", "--", "--timeout", "9s", "topics", "delete", "")
            #expect(timeout == ["orders"])
            #expect(
                try await tool.succeed("complete-words", "--", "prof") == [
                    "profiles\tsaves clusters under names, so that one needs no options"
                ])
            #expect(try await tool.succeed("complete-words", "--", "produce", "--file", "") == [":files"])
        }
    }
}
