// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A request to read no more, which also ends a wait for standard input.
final class StopSignal: Sendable {
    private let isSet = Atomic(false)
    /// The end of a pipe that is closed with the request.
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure("Can't make a pipe: \(reason).")
        }
        self.readEnd = ends[0]
        self.writeEnd = ends[1]
    }

    deinit {
        close(self.readEnd)
        if !self.isRequested { close(self.writeEnd) }
    }

    var isRequested: Bool { self.isSet.load(ordering: .acquiring) }

    func request() {
        if !self.isSet.exchange(true, ordering: .acquiringAndReleasing) { close(self.writeEnd) }
    }

    /// Waits until there are bytes to read, or the input has ended. Returns false if the reading shall stop.
    func waits(for descriptor: Int32) -> Bool {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: self.readEnd, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&descriptors, 2, -1) < 0, errno == EINTR {}
        return !self.isRequested
    }
}
