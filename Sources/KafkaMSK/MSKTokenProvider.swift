// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka
import Foundation

/// A token provider for Amazon MSK with IAM. A token is the Base64 encoding of a URL for the action
/// `kafka-cluster:Connect`, signed with AWS credentials.
///
/// Tokens are signed locally without a request, so no cache is needed. MSK accepts them on its listeners for SASL over
/// TLS, on port 9098 (9198 for public access).
public struct MSKTokenProvider: OAuthBearerTokenProvider {
    /// The lifetime in seconds. MSK rejects tokens that live longer than 15 minutes.
    private static let lifetime = 900

    private let region: String
    private let credentials: @Sendable () async throws -> AWSCredentials

    /// Creates a provider for clusters in a region.
    ///
    /// - Parameters:
    ///   - region: The cluster's region, such as `eu-central-1`.
    ///   - credentials: Returns the AWS credentials. It is called for each token, because credentials of a role expire. If
    ///     it throws, the connection attempt fails, with `.authenticationFailed` unless the error is a `KafkaError`, and is
    ///     repeated after a backoff.
    public init(region: String, credentials: @escaping @Sendable () async throws -> AWSCredentials) {
        self.region = region
        self.credentials = credentials
    }

    /// Returns a token that is signed now and expires after 15 minutes.
    ///
    /// - Throws: Whatever the closure that returns the credentials throws.
    public func token() async throws -> OAuthBearerToken {
        self.token(try await self.credentials(), at: Date())
    }

    func token(_ credentials: AWSCredentials, at date: Date) -> OAuthBearerToken {
        let url = PresignedURL(
            host: "kafka.\(self.region).amazonaws.com", query: ["Action": "kafka-cluster:Connect"], region: self.region,
            service: "kafka-cluster", lifetime: Self.lifetime)
        // The user agent is only for AWS's log and isn't signed.
        let text = url.signed(by: credentials, at: date) + "&User-Agent=async-kafka"
        let encoded = Data(text.utf8).base64EncodedString().replacing("=", with: "").replacing("+", with: "-")
            .replacing("/", with: "_")
        let seconds = date.timeIntervalSince1970.rounded(.down) + Double(Self.lifetime)
        return OAuthBearerToken(Secret(encoded), expiresAt: Timestamp(millisecondsSince1970: Int64(seconds * 1000)))
    }
}
