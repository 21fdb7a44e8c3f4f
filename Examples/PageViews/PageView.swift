// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// A view of a page, as it is in the access log and in Kafka.
struct PageView: Hashable, Sendable {
    /// The authenticated user, or the client's address.
    let user: String
    /// The time of the request in seconds since 1970-01-01 00:00 UTC, which is the event time.
    let time: Int64
    /// The path of the page.
    let path: String

    /// Creates a view, or returns nil if `user` is empty or has control characters, which the store's format excludes,
    /// or if `time` isn't in the years 1 to 9999.
    init?(user: String, time: Int64, path: String) {
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), Window.times.contains(time) else {
            return nil
        }
        self.user = user
        self.time = time
        self.path = path
    }
}

extension PageView {
    /// Returns the view as a record. The key is the user, so that all views of a user are in one partition and in
    /// order. The value is the time and the path, such as `1767225600 /prices`.
    ///
    /// The time isn't the record's timestamp, because Kafka acts on timestamps: it would soon delete the records of an
    /// old log by the topic's retention, and it rejects timestamps in the future.
    func record(topic: String) -> ProducerRecord {
        ProducerRecord(topic: topic, key: Bytes(self.user), value: Bytes("\(self.time) \(self.path)"))
    }

    /// Creates the view in a record, or returns nil if the record isn't a view.
    init?(key: Bytes?, value: Bytes?) {
        guard
            let key, let value,
            let space = value.firstIndex(of: UInt8(ascii: " ")),
            let user = String(validating: key, as: UTF8.self),
            let digits = String(validating: value[..<space], as: UTF8.self), let time = Int64(digits),
            let path = String(validating: value[(space + 1)...], as: UTF8.self)
        else { return nil }
        self.init(user: user, time: time, path: path)
    }
}
