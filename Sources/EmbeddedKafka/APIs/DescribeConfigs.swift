// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeConfigsEndpoint: Endpoint {
    static let name = "DescribeConfigs"

    private typealias Config = DescribeConfigsResponse.DescribeConfigsResourceResult

    static func access(_ request: DescribeConfigsRequest) -> Access { .byItem }

    static func handle(_ request: DescribeConfigsRequest, _ call: Call) {
        var response = DescribeConfigsResponse()
        for resource in request.resources {
            var result = self.result(resource, .none)
            do throws(BrokerError) {
                let target = try ConfigTarget(
                    type: resource.resourceType, name: resource.resourceName, for: .describeConfigs, call)
                let wanted = resource.configurationKeys.map { Set($0) }
                result.configs = self.configs(of: target, request, call)
                    .filter { wanted?.contains($0.name) ?? true }.sorted { $0.name < $1.name }
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.results.append(result)
        }
        call.answer(response)
    }

    private static func configs(
        of target: ConfigTarget, _ request: DescribeConfigsRequest, _ call: Call
    ) -> [Config] {
        let settings = call.cluster.settings
        switch target {
        case .topic(let topic):
            return TopicSettings.all.map { entry in
                let values = settings.values(of: entry, own: topic.configuration, at: call.broker.id)
                let value = settings.value(of: entry, own: topic.configuration, at: call.broker.id)
                return self.config(entry.setting, value: value, values, request)
            }
        case .broker:
            return BrokerSettings.all.map { entry in
                let values = settings.values(
                    of: entry.setting, ofBroker: call.broker.id, own: call.broker.settings)
                return self.config(
                    entry.setting, value: values.first, values, isReadOnly: entry.update == .never, request)
            }
                + BrokerSettings.ofListeners(call.cluster.listeners).map { setting, value in
                    self.config(setting, value: value, [value], isReadOnly: true, request)
                }
        case .allBrokers:
            // As in Kafka, only what was set for all brokers.
            return settings.changed(of: nil).map { name, value in
                let value = ClusterSettings.Value(name: name, value: value, source: .allBrokers)
                let setting =
                    BrokerSettings.byName[name]?.setting
                    ?? Setting(name: name, type: .string, defaultValue: nil, documentation: "")
                return self.config(setting, value: value, [value], request)
            }
        }
    }

    private static func config(
        _ setting: Setting, value: ClusterSettings.Value?, _ synonyms: [ClusterSettings.Value],
        isReadOnly: Bool = false, _ request: DescribeConfigsRequest
    ) -> Config {
        let isSensitive = setting.type == .password
        var config = Config()
        config.name = setting.name
        config.value = isSensitive ? nil : value?.value
        config.readOnly = isReadOnly
        config.configSource = (value?.source ?? .default).rawValue
        config.isSensitive = isSensitive
        config.configType = setting.type.rawValue
        config.documentation = request.includeDocumentation ? setting.documentation : nil
        if request.includeSynonyms {
            config.synonyms = synonyms.map { value in
                var synonym = DescribeConfigsResponse.DescribeConfigsSynonym()
                synonym.name = value.name
                synonym.value = isSensitive ? nil : value.value
                synonym.source = value.source.rawValue
                return synonym
            }
        }
        return config
    }

    private static func result(
        _ resource: DescribeConfigsRequest.DescribeConfigsResource, _ error: ErrorCode
    ) -> DescribeConfigsResponse.DescribeConfigsResult {
        var result = DescribeConfigsResponse.DescribeConfigsResult()
        result.resourceType = resource.resourceType
        result.resourceName = resource.resourceName
        result.errorCode = error
        result.errorMessage = nil
        return result
    }

    static func fail(_ request: DescribeConfigsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeConfigsResponse()
        response.results = request.resources.map { self.result($0, error) }
        call.answer(response)
    }
}
