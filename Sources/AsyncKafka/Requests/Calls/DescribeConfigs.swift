// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the settings of resources.
struct DescribeConfigsCall: Call {
    typealias Request = DescribeConfigsRequest

    /// The names of the settings to describe. Nil for all.
    var keys: Set<String>?
    var includesSynonyms: Bool
    var includesDocumentation: Bool

    var doing: String { "describing settings" }

    func destination(of resource: ConfigResource) -> Destination {
        resource.broker.map(Destination.broker) ?? .anyBroker
    }

    func request(
        for resources: [ConfigResource], to recipient: Recipient
    ) throws(KafkaError) -> DescribeConfigsRequest {
        var request = DescribeConfigsRequest()
        request.includeSynonyms = self.includesSynonyms
        if recipient.version >= 3 { request.includeDocumentation = self.includesDocumentation }
        request.resources = resources.map { resource in
            var entry = DescribeConfigsRequest.DescribeConfigsResource()
            entry.resourceType = resource.kind.rawValue
            entry.resourceName = resource.name
            entry.configurationKeys = self.keys?.sorted()
            return entry
        }
        return request
    }

    func outcomes(
        of response: DescribeConfigsResponse, to resources: [ConfigResource], from recipient: Recipient
    ) -> [ConfigResource: CallOutcome<ResourceConfig>] {
        var outcomes: [ConfigResource: CallOutcome<ResourceConfig>] = [:]
        // A broker takes an empty list of names for all of them.
        func isAsked(_ config: DescribeConfigsResponse.DescribeConfigsResourceResult) -> Bool {
            self.keys?.contains(config.name) ?? true
        }
        for answer in response.results {
            let resource = ConfigResource(ConfigResource.Kind(rawValue: answer.resourceType), answer.resourceName)
            outcomes[resource] =
                answer.errorCode == .none
                ? .done(ResourceConfig(answer.configs.filter(isAsked).map(self.entry)))
                : self.refused(answer.errorCode, resource, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about resource: ConfigResource) { error.note(resource) }

    private func entry(_ config: DescribeConfigsResponse.DescribeConfigsResourceResult) -> ConfigEntry {
        ConfigEntry(
            name: config.name, value: config.value, source: ConfigSource(rawValue: config.configSource),
            isSensitive: config.isSensitive, isReadOnly: config.readOnly,
            type: config.configType == 0 ? nil : ConfigType(rawValue: config.configType),
            documentation: self.includesDocumentation ? config.documentation.flatMap { $0.isEmpty ? nil : $0 } : nil,
            synonyms: config.synonyms.map {
                ConfigEntry.Synonym(name: $0.name, value: $0.value, source: ConfigSource(rawValue: $0.source))
            })
    }
}

extension KafkaError {
    /// Adds the resource to the error.
    mutating func note(_ resource: ConfigResource) {
        switch resource.kind {
        case .topic: self.topic = resource.name
        case .group: self.group = resource.name
        default: self.message += " (It is about \(resource).)"
        }
    }
}
