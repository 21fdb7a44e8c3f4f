// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// The tallies on disk: a directory with one file for each partition, which all processes of the group share.
///
/// A file holds a partition's counts *and* the offset that they reach, and is replaced as a whole, so the two can't part
/// whenever a process is killed. It is this file that says where counting goes on, not the offset committed in Kafka.
///
/// A process may write that lost its partition long ago and hasn't noticed yet, for it was asleep. That does no harm:
/// what it writes is a right tally of fewer records, and a file is only ever replaced by one that reaches further.
struct TallyStore: Sendable {
    private let directory: String
    private static let suffix = ".tally"

    /// A store in a directory, which is made if it isn't there.
    init(creating directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Failure("Can't make the directory \(directory): \(error.localizedDescription)")
        }
        self.directory = directory
        self.removeLeftovers()
    }

    /// A store in a directory that is there.
    init(in directory: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw Failure("There is no store in \(directory): no such directory.")
        }
        self.directory = directory
    }

    /// The tally of a partition. Nil if none was stored yet.
    func load(_ partition: TopicPartition) throws -> Tally? {
        let path = self.path(of: partition)
        guard let text = try readFile(path) else { return nil }
        do {
            return try Tally(text: text, for: partition)
        } catch {
            throw Failure(
                "The store's file \(path) is damaged: \(error). Restore it, or delete it to count its partition anew.")
        }
    }

    /// Stores a partition's tally, unless the file is at least as far already. When this has returned, the tally is on
    /// the disk; if it throws or the process dies in it, the file is still a whole one, the old or the new.
    func save(_ tally: Tally, for partition: TopicPartition) throws {
        try replaceFile(self.path(of: partition), with: tally.text(for: partition)) {
            try self.load(partition).map { $0.nextOffset < tally.nextOffset } ?? true
        }
    }

    /// All tallies.
    func loadAll() throws -> [TopicPartition: Tally] {
        var tallies: [TopicPartition: Tally] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: self.directory) {
            guard !name.hasPrefix("."), name.hasSuffix(TallyStore.suffix) else { continue }
            guard let partition = TopicPartition(name.dropLast(TallyStore.suffix.count)) else { continue }
            tallies[partition] = try self.load(partition)
        }
        return tallies
    }

    /// The counts of all partitions together.
    func total() throws -> ViewCounts {
        try self.loadAll().values.reduce(into: ViewCounts()) { $0.add($1.counts) }
    }

    /// Removes what a killed process was writing: old files beside the store's own.
    private func removeLeftovers() {
        let anHourAgo = Date(timeIntervalSinceNow: -3600)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: self.directory)) ?? [] {
            guard name.hasPrefix("."), name.contains(TallyStore.suffix + ".") else { continue }
            let path = "\(self.directory)/\(name)"
            let changed = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
            if let changed, changed < anHourAgo { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    private func path(of partition: TopicPartition) -> String {
        "\(self.directory)/\(partition)\(TallyStore.suffix)"
    }
}

extension TopicPartition {
    /// Reads `topic-partition`.
    fileprivate init?(_ text: Substring) {
        guard let hyphen = text.lastIndex(of: "-"), let partition = Int32(text[text.index(after: hyphen)...]) else {
            return nil
        }
        self.init(String(text[..<hyphen]), partition)
    }
}
