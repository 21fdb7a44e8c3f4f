// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Somebody looked at a page: what the access log says and what travels through Kafka.
struct PageView: Hashable, Sendable {
    /// The name that the visitor logged in with, or the visitor's address.
    let user: String
    /// When the page was asked for, in seconds since 1970-01-01 00:00 UTC: the event's time.
    let time: Int64
    /// The page.
    let path: String

    /// Nil if `user` can't be one (it is empty, or has control characters in it; the store keeps one user a line), or if
    /// `time` isn't in the years 1 to 9999.
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
    /// The view as a record. The key is the user, so all views of a user are in one partition, in order; the value is
    /// the time and the path, as in `1767225600 /prices`.
    ///
    /// The time is *not* the record's timestamp, because Kafka acts on that one: it soon deletes records that are older
    /// than the topic's retention, so last month's log would vanish, and it refuses those that lie in the future.
    func record(topic: String) -> ProducerRecord {
        ProducerRecord(topic: topic, key: Bytes(self.user), value: Bytes("\(self.time) \(self.path)"))
    }

    /// The view that a record holds. Nil if it holds something else.
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
