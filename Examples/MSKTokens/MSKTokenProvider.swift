// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka
import Foundation

/// Tokens for Amazon MSK with IAM: a URL of the action `kafka-cluster:Connect`, signed with AWS's credentials, in Base64.
///
/// Nobody is asked for them, so that a new one costs nothing; and no cache is needed. Broker listeners that take them are those for
/// SASL over TLS on port 9098 (9198 from outside).
public struct MSKTokenProvider: OAuthBearerTokenProvider {
    /// MSK takes none that live longer than 15 minutes.
    private static let lifetime = 900

    private let region: String
    private let credentials: @Sendable () async throws -> AWSCredentials

    /// - Parameters:
    ///   - region: the cluster's, such as `eu-central-1`.
    ///   - credentials: gives AWS's credentials, for each token, so that they may be those of a role, which end.
    public init(region: String, credentials: @escaping @Sendable () async throws -> AWSCredentials) {
        self.region = region
        self.credentials = credentials
    }

    /// A token signed now.
    public func token() async throws -> OAuthBearerToken {
        self.token(try await self.credentials(), at: Date())
    }

    func token(_ credentials: AWSCredentials, at date: Date) -> OAuthBearerToken {
        let url = PresignedURL(
            host: "kafka.\(self.region).amazonaws.com", query: ["Action": "kafka-cluster:Connect"], region: self.region,
            service: "kafka-cluster", lifetime: Self.lifetime)
        // The user agent is for AWS's log, and is not signed.
        let text = url.signed(by: credentials, at: date) + "&User-Agent=async-kafka-example"
        let encoded = Data(text.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-")
            .replacing("/", with: "_")
        let seconds = date.timeIntervalSince1970.rounded(.down) + Double(Self.lifetime)
        return OAuthBearerToken(Secret(encoded), expiresAt: Timestamp(millisecondsSince1970: Int64(seconds * 1000)))
    }
}
