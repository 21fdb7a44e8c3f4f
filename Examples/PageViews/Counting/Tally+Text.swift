// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// The stored form of a tally: readable lines of text, the last of which is a checksum of the others.
///
///     page-views tally 1
///     partition views-3
///     offset 1207
///     1767225600 12 anna
///     1767225900 7 192.0.2.17
///     checksum 9a7c0bd2e3f41586
extension Tally {
    private static let title = "page-views tally 1"

    func text(for partition: TopicPartition) -> String {
        var text = "\(Tally.title)\npartition \(partition)\noffset \(self.nextOffset)\n"
        for (key, views) in self.counts.sorted {
            text += "\(key.window.start) \(views) \(key.user)\n"
        }
        return text + "checksum \(Tally.checksum(text.utf8))\n"
    }

    /// Parses the result of `text(for:)`. Throws a description of what is wrong with the text.
    init(text: String, for partition: TopicPartition) throws {
        // Split by bytes, because a space and a following accent can be one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard lines.count >= 5, lines[0] == Tally.title, lines.last == "" else {
            throw Failure("it is no tally, or its end is missing")
        }
        let checksum = lines[lines.count - 2]
        guard checksum == "checksum \(Tally.checksum(text.utf8.dropLast(checksum.utf8.count + 1)))" else {
            throw Failure("its checksum does not fit its contents")
        }
        guard lines[1] == "partition \(partition)" else {
            throw Failure("it belongs to another partition (\(lines[1]))")
        }
        guard lines[2].hasPrefix("offset "), let offset = Int64(lines[2].dropFirst("offset ".count)), offset >= 0 else {
            throw Failure("it has no offset")
        }
        var counts = ViewCounts()
        for line in lines[3..<(lines.count - 2)] {
            let fields = line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 2).map { String(Substring($0)) }
            guard
                fields.count == 3, let start = Int64(fields[0]), Window.times.contains(start),
                let views = Int32(fields[1]), views > 0
            else { throw Failure("it has a line that is no count (\(line))") }
            counts.add(Int(views), to: UserWindow(user: fields[2], window: Window(containing: start)))
        }
        self.init(nextOffset: offset, counts: counts)
    }

    /// Returns the FNV-1a hash of the text, which detects damage but not manipulation.
    private static func checksum(_ text: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
