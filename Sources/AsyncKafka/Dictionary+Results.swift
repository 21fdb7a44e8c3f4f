// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Dictionary {
    /// Returns the values if every item has succeeded.
    ///
    /// ```swift
    /// try await admin.createTopics([NewTopic("orders", partitionCount: 12)]).allSucceeded()
    /// ```
    ///
    /// - Returns: The value of each item.
    /// - Throws: The error of an item that has failed. If several have, it is one of theirs; the dictionary has them all.
    @discardableResult
    public func allSucceeded<Success>() throws(KafkaError) -> [Key: Success]
    where Value == Result<Success, KafkaError> {
        var values: [Key: Success] = [:]
        for (item, result) in self { values[item] = .some(try result.get()) }
        return values
    }
}
