// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A port of this machine that doesn't respond at all: its backlog is full and no connection is ever accepted.
package final class SilentPort {
    private let listener: Int32
    private var waiting: [Int32] = []
    package let port: Int

    package init() throws {
        (self.listener, self.port) = try LoopbackSocket.listening(backlog: 0)
        // More than the backlog of 0, which systems round up to one or a few.
        for _ in 0..<8 {
            let descriptor = LoopbackSocket.make()
            _ = fcntl(descriptor, F_SETFL, O_RDWR | O_NONBLOCK)
            _ = LoopbackSocket.withAddress(port: self.port) { connect(descriptor, $0, $1) }
            self.waiting.append(descriptor)
        }
    }

    deinit {
        for descriptor in self.waiting { _ = Foundation.close(descriptor) }
        _ = Foundation.close(self.listener)
    }
}
