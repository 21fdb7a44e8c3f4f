// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The calls about SCRAM credentials, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct SCRAMCredentialsTests {
    @Test func aPasswordIsSaltedHereAndNotSent() async throws {
        let received = Lock<[AlterUserScramCredentialsRequest]>([])
        try await AnsweringBrokers.withAdmin(
            brokers: 2,
            .to(AlterUserScramCredentialsRequest.self) { request, _ in
                received.withLock { $0.append(request) }
                var response = AlterUserScramCredentialsResponse()
                response.results = Set(request.upsertions.map(\.name) + request.deletions.map(\.name)).map { user in
                    var result = AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult()
                    result.user = user
                    if user == "bob" { result.errorCode = .resourceNotFound }
                    return result
                }
                return response
            }
        ) { cluster, admin in
            let results = await admin.alterUserSCRAMCredentials([
                "alice": [
                    .upsert(.sha256, password: "sesame", iterations: 4096), .upsert(.sha512, password: "sesame"),
                ],
                "bob": [.delete(.sha256)],
            ])
            #expect(throws: Never.self) { try results["alice"]?.get() }
            let error = #expect(throws: KafkaError.self) { try results["bob"]?.get() }
            #expect(error?.brokerCode == .resourceNotFound)
            #expect(error?.message.contains("bob") == true)
            // Kafka refuses a request that names a user twice. All go to the controller.
            #expect(cluster.asked(AlterUserScramCredentialsRequest.self) == [1, 1])

            let requests = received.withLock { $0 }
            #expect(requests.map { $0.deletions.map(\.name) } == [["bob"], []])
            let upsertions = requests.flatMap(\.upsertions)
            #expect(upsertions.map(\.name) == ["alice", "alice"])
            #expect(upsertions.map(\.iterations) == [4096, 8192])
            #expect(Set(upsertions.map(\.salt)).count == 2)
            for (upsertion, hash) in zip(upsertions, [HashFunction.sha256, .sha512]) {
                let key = hash.derivedKey(
                    password: Array("sesame".utf8), salt: Array(upsertion.salt), iterations: Int(upsertion.iterations))
                #expect(Array(upsertion.saltedPassword) == key)
            }
            #expect(!printedText(of: requests).contains("sesame"))
        }
    }

    @Test func theChangesOfAUserEndWithTheFirstThatFails() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(AlterUserScramCredentialsRequest.self) { request, _ in
                var response = AlterUserScramCredentialsResponse()
                response.results = request.deletions.map { deletion in
                    var result = AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult()
                    result.user = deletion.name
                    result.errorCode = .resourceNotFound
                    return result
                }
                return response
            }
        ) { cluster, admin in
            let results = await admin.alterUserSCRAMCredentials([
                "alice": [.delete(.sha256), .upsert(.sha512, password: "sesame")]
            ])
            #expect(throws: KafkaError.self) { try results["alice"]?.get() }
            #expect(cluster.asked(AlterUserScramCredentialsRequest.self).count == 1)
        }
    }

    @Test func whatKafkaWouldRefuseIsNotSent() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(AlterUserScramCredentialsRequest.self) { request, _ in
                var response = AlterUserScramCredentialsResponse()
                response.results = request.upsertions.map { upsertion in
                    var result = AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult()
                    result.user = upsertion.name
                    return result
                }
                return response
            }
        ) { cluster, admin in
            let results = await admin.alterUserSCRAMCredentials([
                "few": [.upsert(.sha256, password: "hush", iterations: 4095)],
                "many": [.upsert(.sha256, password: "hush", iterations: 16385)],
                "empty": [.upsert(.sha256, password: "")],
                "strange": [.upsert(SCRAMCredentialInfo.Mechanism(rawValue: 9), password: "hush")],
                "most": [.upsert(.sha256, password: "hush", iterations: 16384)],
            ])
            for user in ["few", "many", "empty", "strange"] {
                let error = #expect(throws: KafkaError.self) { try results[user]?.get() }
                #expect(error?.code == .invalidArgument, "\(user)")
                #expect(error?.description.contains("hush") == false)
            }
            #expect(throws: Never.self) { try results["most"]?.get() }
            #expect(cluster.asked(AlterUserScramCredentialsRequest.self).count == 1)
        }
        #expect(!printedText(of: SCRAMCredentialChange.upsert(.sha256, password: "hush")).contains("hush"))
    }

    @Test func credentialsAreDescribedOfAllOrOfSomeUsers() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeUserScramCredentialsRequest.self) { request, _ in
                var response = DescribeUserScramCredentialsResponse()
                response.results = (request.users?.map(\.name) ?? ["alice", "bob"]).map { user in
                    var result = DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult()
                    result.user = user
                    if user == "nobody" { result.errorCode = .resourceNotFound }
                    result.credentialInfos = [Int8(2), 1].map { mechanism in
                        var info = DescribeUserScramCredentialsResponse.CredentialInfo()
                        info.mechanism = mechanism
                        info.iterations = 4096
                        return info
                    }
                    return result
                }
                return response
            }
        ) { _, admin in
            let all = try await admin.describeUserSCRAMCredentials()
            #expect(all.keys.sorted() == ["alice", "bob"])
            #expect(
                all["bob"].map { "\($0)" } == "[SCRAM-SHA-256 with 4096 iterations, SCRAM-SHA-512 with 4096 iterations]"
            )
            let some = await admin.describeUserSCRAMCredentials(["alice", "nobody"])
            #expect(try some["alice"]?.get() == all["alice"])
            let error = #expect(throws: KafkaError.self) { try some["nobody"]?.get() }
            #expect(error?.brokerCode == .resourceNotFound)
            #expect(await admin.describeUserSCRAMCredentials([]).isEmpty)
        }
    }
}
