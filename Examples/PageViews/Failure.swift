// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An error, described in a sentence for the user.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Returns the error of a failed system call: what failed, and the system's reason.
    static func system(_ what: String, _ code: Int32 = errno) -> Failure {
        Failure("\(what): \(String(cString: strerror(code))).")
    }
}

/// Returns the result of a system call, which is repeated when a signal interrupts it.
func retryingInterrupts(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        guard result < 0, errno == EINTR else { return result }
    }
}
