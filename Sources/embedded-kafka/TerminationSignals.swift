// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Dispatch

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Waits for SIGTERM and SIGINT. Once created, they no longer end the process.
struct TerminationSignals {
    private let sources: [any DispatchSourceSignal]
    private let events: AsyncStream<Never>

    init() {
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number)
        }
        self.sources = sources
        self.events = AsyncStream { continuation in
            for source in sources {
                source.setEventHandler { @Sendable in continuation.finish() }
                source.resume()
            }
        }
    }

    /// Waits for one of the signals.
    func wait() async {
        for await _ in self.events {}
        for source in self.sources { source.cancel() }
    }
}
