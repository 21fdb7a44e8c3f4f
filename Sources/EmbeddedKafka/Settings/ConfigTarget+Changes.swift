// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ConfigTarget {
    /// What a request changes of one resource.
    struct Changes {
        var type: Int8
        var name: String
        var changes: [(name: String, operation: Int8, value: String?)]
    }

    /// Changes each resource completely or not at all.
    ///
    /// - Parameter replacingValues: Whether values that a request doesn't name are removed (AlterConfigs), or stay.
    /// - Returns: The error of each resource, or nil if it is changed.
    static func apply(
        _ resources: [Changes], replacingValues: Bool, validateOnly: Bool, _ call: Call
    ) -> [BrokerError?] {
        let counts = Dictionary(resources.map { (Key(type: $0.type, name: $0.name), 1) }, uniquingKeysWith: +)
        return resources.map { resource -> BrokerError? in
            do throws(BrokerError) {
                guard counts[Key(type: resource.type, name: resource.name)] == 1 else {
                    throw BrokerError(.invalidRequest, "The request names the resource more than once.")
                }
                let target = try ConfigTarget(type: resource.type, name: resource.name, for: .alterConfigs, call)
                var changes: [ConfigChange] = []
                for change in resource.changes {
                    changes.append(
                        try ConfigChange(name: change.name, operation: change.operation, value: change.value))
                }
                let values = replacingValues ? [:] : target.values(call)
                try target.apply(changes, to: values, validateOnly: validateOnly, call)
                return nil
            } catch {
                return error
            }
        }
    }

    private struct Key: Hashable {
        var type: Int8
        var name: String
    }
}
