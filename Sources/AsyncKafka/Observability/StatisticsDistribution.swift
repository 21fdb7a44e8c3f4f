// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How many events there were since the client was created, and how many per second in the last minute.
public struct StatisticsCount: Hashable, Sendable {
    /// The number of events since the client was created. It never decreases.
    public var total: Int
    /// The number of events per second in the last minute, or since the client was created if that is less.
    public var perSecond: Double
}

/// How values were distributed in the last minute, such as times or sizes.
public struct StatisticsDistribution<Value: Hashable & Sendable>: Hashable, Sendable {
    /// The values of the last 50 to 60 seconds. Percentiles are off by about 3 % at most.
    public struct LastMinute: Hashable, Sendable {
        /// The number of values.
        public var count: Int
        /// The arithmetic mean.
        public var mean: Value
        /// The median: half of the values are not greater.
        public var p50: Value
        /// The 95th percentile: 19 of 20 values are not greater.
        public var p95: Value
        /// The 99th percentile: 99 of 100 values are not greater.
        public var p99: Value
        /// The greatest value.
        public var maximum: Value
    }

    /// The number of values since the client was created. It never decreases.
    public var totalCount: Int
    /// The sum of the values since the client was created. It never decreases.
    public var totalSum: Value
    /// The values of the last minute; nil if there were none.
    public var lastMinute: LastMinute?
}
