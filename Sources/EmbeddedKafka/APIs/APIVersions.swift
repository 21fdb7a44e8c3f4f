// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum APIVersionsEndpoint: Endpoint {
    static let name = "ApiVersions"

    static func access(_ request: ApiVersionsRequest) -> Access { .open }

    static func handle(_ request: ApiVersionsRequest, _ call: Call) {
        if call.version >= 3,
            !(self.isSoftware(request.clientSoftwareName) && self.isSoftware(request.clientSoftwareVersion))
        {
            self.fail(request, .invalidRequest, call)
            return
        }
        if call.version >= 5, self.isForOtherBroker(request, call) {
            self.fail(request, .rebootstrapRequired, call)
            return
        }
        call.answer(self.answer(call))
    }

    /// Returns whether the client expected another broker or another cluster (KIP-1242).
    private static func isForOtherBroker(_ request: ApiVersionsRequest, _ call: Call) -> Bool {
        if let cluster = request.clusterId, cluster != call.cluster.id { return true }
        return request.nodeId != -1 && request.nodeId != call.broker.id
    }

    /// Returns whether `text` consists of letters and digits with dots and dashes between them.
    private static func isSoftware(_ text: String) -> Bool {
        func isLetterOrDigit(_ character: UInt8) -> Bool {
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    private static func answer(_ call: Call) -> ApiVersionsResponse {
        let configuration = call.cluster.configuration
        var response = ApiVersionsResponse()
        for (key, endpoint) in Endpoints.all.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            guard let versions = Endpoints.versions(of: endpoint, in: configuration) else { continue }
            var api = ApiVersionsResponse.ApiVersion()
            api.apiKey = key.rawValue
            api.minVersion = versions.lowerBound
            api.maxVersion = versions.upperBound
            response.apiKeys.append(api)
        }
        if call.version >= 3 { self.addFeatures(call, to: &response) }
        return response
    }

    /// Adds the features with their levels (KIP-584).
    private static func addFeatures(_ call: Call, to response: inout ApiVersionsResponse) {
        // Clients that send version 3 don't understand 0 as the lowest level.
        let features = EmbeddedCluster.Feature.allCases.sorted { $0.rawValue < $1.rawValue }
        if call.version >= 4 {
            response.supportedFeatures = features.map { feature in
                var supported = ApiVersionsResponse.SupportedFeatureKey()
                supported.name = feature.rawValue
                supported.minVersion = Int16(feature.levels.lowerBound)
                supported.maxVersion = Int16(feature.levels.upperBound)
                return supported
            }
        }
        response.finalizedFeaturesEpoch = call.cluster.featuresEpoch
        for feature in features {
            let level = Int16(call.cluster.level(of: feature))
            guard level > 0 else { continue }
            var finalized = ApiVersionsResponse.FinalizedFeatureKey()
            finalized.name = feature.rawValue
            finalized.minVersionLevel = level
            finalized.maxVersionLevel = level
            response.finalizedFeatures.append(finalized)
        }
    }

    /// Responds to a version that the broker doesn't know: in version 0, which all clients can read, with the supported
    /// versions of ApiVersions (KIP-511).
    static func refuseVersion(_ call: Call) {
        var response = ApiVersionsResponse()
        response.errorCode = .unsupportedVersion
        if let versions = Endpoints.versions(of: self, in: call.cluster.configuration) {
            var api = ApiVersionsResponse.ApiVersion()
            api.apiKey = self.apiKey.rawValue
            api.minVersion = versions.lowerBound
            api.maxVersion = versions.upperBound
            response.apiKeys = [api]
        }
        call.answer(response, version: 0)
    }

    static func fail(_ request: ApiVersionsRequest, _ error: ErrorCode, _ call: Call) {
        if error == .unsupportedVersion {
            self.refuseVersion(call)
            return
        }
        var response = ApiVersionsResponse()
        response.errorCode = error
        call.answer(response)
    }
}
