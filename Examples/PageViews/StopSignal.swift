// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A request for a command to end, from another task or by Control-C.
final class StopSignal: Sendable {
    private let isSet = Atomic(false)

    /// Whether the end was requested.
    var isRequested: Bool { self.isSet.load(ordering: .relaxed) }

    /// Requests the end.
    func request() {
        self.isSet.store(true, ordering: .relaxed)
    }

    /// Requests the end on the first SIGINT or SIGTERM. A second one ends the process.
    func requestOnInterrupt() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                self.request()
                signal(number, SIG_DFL)
                source.cancel()
            }
            source.resume()
        }
    }
}
