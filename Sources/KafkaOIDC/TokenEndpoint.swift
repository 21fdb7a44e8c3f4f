// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka

/// The endpoint of an authorization server that issues tokens (RFC 6749, section 3.2), and the settings for its
/// requests.
///
/// Requests are sent directly, over HTTP/1.1. Proxies aren't used and redirections aren't followed, because both would
/// receive the credentials.
public struct TokenEndpoint: Sendable {
    /// The URL of the endpoint, `https://…`.
    public var url: String
    /// The TLS settings. Files are read for each request, so that they can be replaced, and read again if they are
    /// incomplete. Default: trust in the system's authorities.
    public var tls = KafkaTLSConfiguration()
    /// Whether ``TokenEndpoint/url`` may be `http://…` on a host other than this machine. Anyone on the network path can then read and
    /// use the client's secret and the tokens. Default: false.
    public var allowsPlaintextSoThatSecretsAndTokensCanBeReadOnTheWay = false
    /// Additional parameters that the server requires, such as `audience` or `resource`. Default: none.
    public var additionalParameters: [String: String] = [:]
    /// The maximum time to get a token, including all retries. Default: 10 s, which is also the mechanism's default for
    /// `tokenTimeout`.
    public var timeout: Duration = .seconds(10)
    /// The wait before the first retry, which doubles with each further one, with a jitter of ±20 %
    /// (`sasl.login.retry.backoff.ms`). Default: 100 ms.
    ///
    /// A server's `Retry-After` can extend it. If that exceeds the rest of ``TokenEndpoint/timeout``, the call fails at once.
    public var retryBackoff: Duration = .milliseconds(100)
    /// The maximum wait before a retry (`sasl.login.retry.backoff.max.ms`). Default: 10 s.
    public var retryBackoffMax: Duration = .seconds(10)
    /// The maximum size of a response in bytes. Default: 1 MiB.
    public var maxResponseSize = 1 << 20

    /// Creates an endpoint with default settings.
    public init(_ url: String) {
        self.url = url
    }

    /// The parameters that are likely secrets, plain and encoded. They are removed from errors even if the server
    /// quotes them.
    var secrets: [String] {
        self.additionalParameters
            .filter { name, _ in
                ["secret", "password", "assertion", "token", "key"].contains { name.lowercased().contains($0) }
            }
            .flatMap { [$0.value, FormEncoding.encode($0.value)] }
    }
}

extension TokenEndpoint: CustomStringConvertible, CustomReflectable {
    /// The URL without the parts that may be secret.
    public var description: String {
        "TokenEndpoint(\((try? HTTPAddress(self))?.description ?? "not a usable address"))"
    }
    /// An empty mirror, because the parameters may contain a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
