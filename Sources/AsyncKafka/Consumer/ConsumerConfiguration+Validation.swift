// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ConsumerConfiguration {
    /// Validates the settings.
    ///
    /// - Throws: `.invalidConfiguration` for the first invalid setting.
    func validate() throws(KafkaError) {
        func check(_ isRight: Bool, _ message: String) throws(KafkaError) {
            if !isRight { throw KafkaError(.invalidConfiguration, message) }
        }
        let largestInt32 = Int(Int32.max)
        try check(self.groupID != "", "groupID must not be empty: leave it nil to read without a group.")
        try check(self.groupInstanceID != "", "groupInstanceID must not be empty: leave it nil for a dynamic member.")
        try check(
            self.groupInstanceID == nil || self.groupID != nil, "groupInstanceID makes sense only with a groupID.")
        if let mistake = self.groupProtocol.mistake { throw KafkaError(.invalidConfiguration, mistake) }
        try check(self.maxPollInterval > .zero, "maxPollInterval must be more than zero.")
        try check(self.autoCommitInterval > .zero, "autoCommitInterval must be more than zero.")
        try check(
            self.fetchMaxWait >= .zero && self.fetchMaxWait < self.cluster.requestTimeout,
            "fetchMaxWait must be less than the request timeout of the cluster's configuration.")
        try check((0...largestInt32).contains(self.fetchMinBytes), "fetchMinBytes must not be negative.")
        try check((1...largestInt32).contains(self.fetchMaxBytes), "fetchMaxBytes must be from 1 to 2147483647.")
        try check(
            (1...largestInt32).contains(self.maxPartitionFetchBytes),
            "maxPartitionFetchBytes must be from 1 to 2147483647.")
        try check(self.maxPrefetchBytes > 0, "maxPrefetchBytes must be more than zero.")
        try check(self.maxDecompressedBatchBytes > 0, "maxDecompressedBatchBytes must be more than zero.")
        if case .byDuration(let age) = self.autoOffsetReset {
            try check(
                age >= .zero && age < .seconds(100 * 366 * 86_400),
                "The duration of autoOffsetReset must be from zero to a hundred years.")
        }
    }
}
