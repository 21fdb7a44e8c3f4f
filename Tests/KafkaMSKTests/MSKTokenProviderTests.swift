// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import Testing

@testable import KafkaMSK

@Suite struct MSKTokenProviderTests {
    /// The credentials in the AWS documentation, which aren't valid.
    private static let credentials = AWSCredentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    /// 2013-05-24 00:00:00 UTC.
    private static let date = Date(timeIntervalSince1970: 1_369_353_600)

    /// The example of "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in Amazon S3's API
    /// reference: GET examplebucket.s3.amazonaws.com/test.txt, valid for a day.
    @Test func theSignatureMatchesTheDocumentedExample() {
        let url = PresignedURL(
            host: "examplebucket.s3.amazonaws.com", path: "/test.txt", region: "us-east-1", service: "s3",
            payload: .unsigned, lifetime: 86_400)
        #expect(
            url.signed(by: Self.credentials, at: Self.date)
                == "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    @Test(arguments: [nil, "session+token/="] as [String?])
    func aTokenIsTheSignedURLInBase64(session: String?) async throws {
        var credentials = Self.credentials
        credentials.sessionToken = session.map { Secret($0) }
        let given = credentials
        let provider = MSKTokenProvider(region: "us-west-2") { given }
        let token = provider.token(credentials, at: Self.date)
        #expect(token.expiresAt == Timestamp(millisecondsSince1970: (1_369_353_600 + 900) * 1000))
        #expect(token.value.text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
        let standard = String(token.value.text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        let padding = String(repeating: "=", count: (4 - standard.count % 4) % 4)
        let data = try #require(Data(base64Encoded: standard + padding))
        let parts = try #require(URLComponents(string: String(decoding: data, as: UTF8.self)))
        #expect(parts.scheme == "https")
        #expect(parts.host == "kafka.us-west-2.amazonaws.com")
        #expect(parts.path == "/")
        let query = Dictionary(uniqueKeysWithValues: (parts.queryItems ?? []).map { ($0.name, $0.value) })
        #expect(query["Action"] == "kafka-cluster:Connect")
        #expect(query["X-Amz-Credential"] == "AKIAIOSFODNN7EXAMPLE/20130524/us-west-2/kafka-cluster/aws4_request")
        #expect(query["X-Amz-Expires"] == "900")
        #expect(query["X-Amz-Security-Token"]?.flatMap { $0 } == session)
        #expect(query["X-Amz-Signature"]??.count == 64)
        #expect(query["User-Agent"] == "async-kafka")
        // A new token is valid now.
        #expect(try await provider.token().expiresAt.millisecondsSince1970 > Int64(Date().timeIntervalSince1970) * 1000)
    }
}
