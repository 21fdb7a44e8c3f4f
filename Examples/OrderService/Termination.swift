// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

// snippet: termination
/// Returns at the first SIGTERM or SIGINT, or when the task is cancelled. A second signal ends the process at once.
func untilTerminated() async {
    let (signals, continuation) = AsyncStream<Void>.makeStream()
    let sources = [SIGTERM, SIGINT].map { number in
        signal(number, SIG_IGN)  // Otherwise the signal would end the process before the source sees it.
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler { @Sendable in
            for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
            continuation.yield()
        }
        source.resume()
        return source
    }
    for await _ in signals { break }
    for source in sources { source.cancel() }
}
// snippet end
