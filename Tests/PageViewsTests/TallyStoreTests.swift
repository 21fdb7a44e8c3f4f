// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import Testing

@testable import page_views

@Suite struct TallyStoreTests {
    private let partition = TopicPartition("page-views", 3)

    private func tally(offset: Int64, views: Int = 1) -> Tally {
        var counts = ViewCounts()
        counts.add(views, to: UserWindow(user: "anna", window: Window(containing: 0)))
        return Tally(nextOffset: offset, counts: counts)
    }

    @Test func aSavedTallyIsLoaded() async throws {
        try await withTemporaryDirectory { directory in
            let store = try TallyStore(creating: directory + "/new/store")
            #expect(try store.load(self.partition) == nil)
            try store.save(self.tally(offset: 5), for: self.partition)
            try store.save(self.tally(offset: 9, views: 4), for: self.partition)
            try store.save(self.tally(offset: 1), for: TopicPartition("page-views", 12))
            let again = try TallyStore(in: directory + "/new/store")
            #expect(try again.load(self.partition) == self.tally(offset: 9, views: 4))
            #expect(try again.loadAll().keys.sorted() == [self.partition, TopicPartition("page-views", 12)])
            let files = try FileManager.default.contentsOfDirectory(atPath: directory + "/new/store").sorted()
            #expect(files == ["page-views-12.tally", "page-views-3.tally"])
        }
    }

    @Test func anOutdatedProcessReplacesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let store = try TallyStore(creating: directory)
            try store.save(self.tally(offset: 200, views: 20), for: self.partition)
            try store.save(self.tally(offset: 150, views: 15), for: self.partition)
            #expect(try store.load(self.partition) == self.tally(offset: 200, views: 20))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["page-views-3.tally"])
        }
    }

    @Test func concurrentWritesLeaveTheMostAdvancedTally() async throws {
        try await withTemporaryDirectory { directory in
            let store = try TallyStore(creating: directory)
            let tallies = (1...40).map { self.tally(offset: Int64($0), views: $0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for tally in tallies.shuffled() {
                    group.addTask { try store.save(tally, for: self.partition) }
                }
                try await group.waitForAll()
            }
            #expect(try store.load(self.partition) == tallies.last)
        }
    }

    @Test func aDamagedFileIsNamedAndKept() async throws {
        try await withTemporaryDirectory { directory in
            let store = try TallyStore(creating: directory)
            let path = try "page-views tally 1\ngarbage".written(to: "page-views-3.tally", in: directory)
            let isNamed = { (error: any Error) in "\(error)".contains(path) && "\(error)".contains("damaged") }
            #expect { try store.load(self.partition) } throws: { isNamed($0) }
            #expect { try store.loadAll() } throws: { isNamed($0) }
            #expect { try store.save(self.tally(offset: 5), for: self.partition) } throws: { isNamed($0) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "page-views tally 1\ngarbage")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["page-views-3.tally"])
        }
    }

    @Test func anUnfinishedFileOfAKilledProcessIsIgnoredAndLaterRemoved() async throws {
        try await withTemporaryDirectory { directory in
            try TallyStore(creating: directory).save(self.tally(offset: 5), for: self.partition)
            let leftover = try "page-views tally 1\npart".written(to: ".page-views-3.tally.1F2E", in: directory)
            #expect(try TallyStore(creating: directory).loadAll() == [self.partition: self.tally(offset: 5)])
            let longAgo = Date(timeIntervalSinceNow: -7200)
            try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: leftover)
            _ = try TallyStore(creating: directory)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["page-views-3.tally"])
        }
    }

    @Test func aMissingStoreIsNamed() {
        #expect { try TallyStore(in: "/no/store") } throws: { "\($0)".contains("/no/store") }
        #expect { try TallyStore(creating: "/dev/null/store") } throws: { "\($0)".contains("/dev/null/store") }
    }
}
