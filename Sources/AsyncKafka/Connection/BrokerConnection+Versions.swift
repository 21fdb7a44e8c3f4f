// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension BrokerConnection {
    /// The client's name, which brokers show with its version in their metrics (KIP-511).
    static let softwareName = "async-kafka"
    static let softwareVersion = "0.1.0"

    /// Requests the API versions that the broker supports.
    ///
    /// A broker that doesn't support this version of ApiVersions answers error 35, with a body of version 0 that
    /// contains the versions it does support. Some answer with a malformed body or none. In that case, the request is
    /// repeated in the version that the broker named, or in version 0.
    func negotiateVersions(deadline: MonotonicTime) async throws(KafkaError) {
        var version = min(4, ApiVersionsRequest.validVersions.upperBound)
        while true {
            let answer = try await self.askVersions(version: version, deadline: deadline)
            switch answer {
            case .versions(let versions):
                try versions.requireOldestSupported()
                self.adopt(versions)
                return
            case .tryVersion(let lower) where lower < version:
                version = lower
            case .tryVersion:
                throw KafkaError(
                    .unsupportedVersion, "The broker does not tell which versions it speaks (ApiVersions version 0).",
                    broker: self.broker.description)
            }
        }
    }

    private enum VersionsAnswer {
        case versions(BrokerVersions)
        case tryVersion(Int16)
    }

    private func askVersions(version: Int16, deadline: MonotonicTime) async throws(KafkaError) -> VersionsAnswer {
        var request = ApiVersionsQuestion()
        request.body.clientSoftwareName = Self.softwareName
        request.body.clientSoftwareVersion = Self.softwareVersion
        let promise = Promise<ApiVersionsAnswer>()
        self.submit(request, version: version, timeout: deadline - self.loop.now) { promise.fulfill($0) }
        let answer = try await promise.value()
        switch answer {
        case .understood(let response) where response.errorCode == .none:
            return .versions(BrokerVersions(broker: self.broker, response: response))
        case .understood(let response) where response.errorCode == .unsupportedVersion:
            let named = response.apiKeys.first { $0.apiKey == APIKey.apiVersions.rawValue }?.maxVersion
            return .tryVersion(max(0, min(named ?? 0, version - 1)))
        case .understood(let response):
            throw KafkaError(response.errorCode, doing: "asking which versions the broker speaks", broker: self.broker)
        case .malformed:
            return .tryVersion(0)
        }
    }
}

/// An ApiVersions request, whose response may have another version.
private struct ApiVersionsQuestion: KafkaRequest {
    typealias Response = ApiVersionsAnswer
    static var apiKey: APIKey { ApiVersionsRequest.apiKey }
    static var validVersions: ClosedRange<Int16> { ApiVersionsRequest.validVersions }
    static var firstFlexibleVersion: Int16? { ApiVersionsRequest.firstFlexibleVersion }

    var body = ApiVersionsRequest()

    init() {}

    init(from reader: inout ByteReader, version: Int16) throws(ProtocolError) {
        self.body = try ApiVersionsRequest(from: &reader, version: version)
    }

    func encode(into writer: inout ByteWriter, version: Int16) throws(ProtocolError) {
        try self.body.encode(into: &writer, version: version)
    }
}

private enum ApiVersionsAnswer: KafkaResponse {
    case understood(ApiVersionsResponse)
    case malformed

    static var apiKey: APIKey { ApiVersionsRequest.apiKey }

    var throttleTimeMs: Int32 {
        if case .understood(let response) = self { response.throttleTimeMs } else { 0 }
    }

    static var validVersions: ClosedRange<Int16> { ApiVersionsResponse.validVersions }
    static var firstFlexibleVersion: Int16? { ApiVersionsResponse.firstFlexibleVersion }

    init(from reader: inout ByteReader, version: Int16) throws(ProtocolError) {
        let body = try reader.readSlice(count: reader.remaining)
        for candidate in version == 0 ? [0] : [version, 0] {
            var attempt = ByteReader(body)
            guard let response = try? ApiVersionsResponse(from: &attempt, version: candidate) else { continue }
            // A body of version 0 is accepted only with the error code that belongs to it.
            if candidate == version
                ? response.errorCode != .unsupportedVersion : response.errorCode == .unsupportedVersion
            {
                self = .understood(response)
                return
            }
        }
        self = .malformed
    }

    func encode(into writer: inout ByteWriter, version: Int16) throws(ProtocolError) {
        guard case .understood(let response) = self else { return }
        try response.encode(into: &writer, version: version)
    }
}
