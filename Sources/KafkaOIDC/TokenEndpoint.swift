// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka

/// Where an authorization server gives tokens (RFC 6749, section 3.2), and how it is spoken to.
///
/// It is asked directly, over HTTP/1.1: proxies are not used, and redirections not followed, since credentials would go with
/// them.
public struct TokenEndpoint: Sendable {
    /// Its address, `https://…`.
    public var url: String
    /// Whom to trust, and who to be, on the way there. The system's authorities by default. Files are read for each request,
    /// so that they may be renewed; one that is half written is read again.
    public var tls = KafkaTLSConfiguration()
    /// Lets `url` be `http://…` on a host that is not this machine itself. Whoever is on the way can then read the client's
    /// secret and the tokens, and use them.
    public var allowsPlaintextSoThatSecretsAndTokensCanBeReadOnTheWay = false
    /// Parameters that this server wants beside the standard's, such as `audience` or `resource`. None by default.
    public var additionalParameters: [String: String] = [:]
    /// How long getting a token may take, with everything that is tried again. 10 s by default, which is also what the
    /// mechanism's `tokenTimeout` allows.
    public var timeout: Duration = .seconds(10)
    /// The wait before a failed request is made again, which doubles each time, ±20 %. 100 ms by default
    /// (`sasl.login.retry.backoff.ms`). A server's `Retry-After` may make it longer; if
    /// that is longer than what is left of `timeout`, the call fails at once.
    public var retryBackoff: Duration = .milliseconds(100)
    /// The longest such wait. 10 s by default (`sasl.login.retry.backoff.max.ms`).
    public var retryBackoffMax: Duration = .seconds(10)
    /// Longer answers, in bytes, are refused. 1 MiB by default.
    public var maxResponseSize = 1 << 20

    /// An endpoint with the defaults.
    public init(_ url: String) {
        self.url = url
    }

    /// What among the parameters sounds like a secret, as it is and as it is sent: not to be seen in an error, even if the
    /// server quotes it.
    var secrets: [String] {
        self.additionalParameters
            .filter { name, _ in
                ["secret", "password", "assertion", "token", "key"].contains { name.lowercased().contains($0) }
            }
            .flatMap { [$0.value, FormEncoding.encode($0.value)] }
    }
}

extension TokenEndpoint: CustomStringConvertible, CustomReflectable {
    /// Its address, without what may be secret in it.
    public var description: String {
        "TokenEndpoint(\((try? HTTPAddress(self))?.description ?? "not a usable address"))"
    }
    /// Nothing: a secret may be among the parameters.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
