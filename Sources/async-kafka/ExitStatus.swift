// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// What a script learns of the end. Thrown by a command that has already said what is wrong.
enum ExitStatus: Int32, Error {
    case success = 0
    case failure = 1
    case misuse = 2
    case noConnection = 3
    case different = 4
    case interrupted = 130

    static let details = """
        The exit status is 0 if all went well; 1 if something failed, which standard error says; 2 if the command line is wrong; 3 \
        if the cluster can't be reached, doesn't answer in time or doesn't accept the login; 4 if `verify` finds a difference; 130 after Ctrl-C.
        """

    /// The status for an error that ends a command.
    init(of error: KafkaError) {
        switch error.code {
        case .connectionFailed, .tlsFailed, .authenticationFailed, .authenticationTimeout: self = .noConnection
        case .invalidConfiguration: self = .misuse
        case .cancelled: self = .interrupted
        case .timedOut, .deliveryTimedOut:
            // An answer that was no success, or none.
            self = (error.underlyingError as? KafkaError).map { ExitStatus(of: $0) } ?? .noConnection
        default: self = .failure
        }
    }
}

/// An error, described in a sentence for the user.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
