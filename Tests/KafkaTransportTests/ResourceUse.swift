// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTransport

#if os(Linux)
/// How many descriptors the process has open.
func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
#endif

extension EventLoop {
    /// How much processor time the loop's thread has used: what tells one that spins from one that waits.
    var processorTime: Duration {
        get async {
            await withCheckedContinuation { continuation in
                self.execute {
                    var time = timespec()
                    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                    continuation.resume(returning: .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec)))
                }
            }
        }
    }
}
