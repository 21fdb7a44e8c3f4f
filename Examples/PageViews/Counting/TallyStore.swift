// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Foundation

/// The tallies on disk: a directory with a file for each partition, which all processes of the group share.
///
/// A file has both the counts of a partition and the offset up to which they are complete, and is replaced atomically,
/// so that the two always match. Counting resumes at the offset in the file, not at the offset committed in Kafka.
///
/// A process that was suspended may save a tally after it has lost the partition. That does no harm, because the tally
/// is correct for its offset and a file is only replaced by one with a higher offset.
struct TallyStore: Sendable {
    static let option = RequiredOption("--store", .file("DIRECTORY"), "The directory that the counts are kept in.")

    private let directory: String
    private static let suffix = ".tally"

    /// Opens the store in a directory, which is created if necessary.
    init(creating directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Failure("Can't make the directory \(directory): \(error.localizedDescription)")
        }
        self.directory = directory
        self.removeLeftovers()
    }

    /// Opens the store in an existing directory.
    init(in directory: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw Failure("There is no store in \(directory): no such directory.")
        }
        self.directory = directory
    }

    /// Returns the tally of a partition, or nil if none is stored.
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

    /// Stores a partition's tally, unless the file has the same or a higher offset.
    ///
    /// When this returns, the tally is on disk. If it throws or the process is killed, the file is either the old or
    /// the new one.
    func save(_ tally: Tally, for partition: TopicPartition) throws {
        try replaceFile(self.path(of: partition), with: tally.text(for: partition)) {
            try self.load(partition).map { $0.nextOffset < tally.nextOffset } ?? true
        }
    }

    /// Returns all tallies.
    func loadAll() throws -> [TopicPartition: Tally] {
        var tallies: [TopicPartition: Tally] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: self.directory) {
            guard !name.hasPrefix("."), name.hasSuffix(TallyStore.suffix) else { continue }
            guard let partition = TopicPartition(name.dropLast(TallyStore.suffix.count)) else { continue }
            tallies[partition] = try self.load(partition)
        }
        return tallies
    }

    /// Returns the sum of the counts of all partitions.
    func total() throws -> ViewCounts {
        try self.loadAll().values.reduce(into: ViewCounts()) { $0.add($1.counts) }
    }

    /// Removes old temporary files of killed processes.
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
    /// Parses `topic-partition`.
    fileprivate init?(_ text: Substring) {
        guard let hyphen = text.lastIndex(of: "-"), let partition = Int32(text[text.index(after: hyphen)...]) else {
            return nil
        }
        self.init(String(text[..<hyphen]), partition)
    }
}
