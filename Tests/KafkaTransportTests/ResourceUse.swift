// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTransport

#if os(Linux)
/// Returns the number of open descriptors of this process.
func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
#endif

extension EventLoop {
    /// The processor time used by the loop's thread, which distinguishes a spinning loop from a waiting one.
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
