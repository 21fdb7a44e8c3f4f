// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What brokers tell of a user's SCRAM credential: neither password nor salt.
public struct SCRAMCredentialInfo: Hashable, Sendable {
    /// The mechanism that a credential is for. A user may have a credential for each.
    public struct Mechanism: RawRepresentable, Hashable, Sendable {
        /// Kafka's code of the mechanism.
        public var rawValue: Int8

        /// Creates the mechanism with this code.
        public init(rawValue: Int8) {
            self.rawValue = rawValue
        }

        /// SCRAM-SHA-256.
        public static let sha256 = Mechanism(rawValue: 1)
        /// SCRAM-SHA-512.
        public static let sha512 = Mechanism(rawValue: 2)
    }

    /// The mechanism.
    public var mechanism: Mechanism
    /// The number of iterations of the hash function.
    public var iterations: Int
}

extension SCRAMCredentialInfo.Mechanism: CustomStringConvertible {
    /// The mechanism's name, such as `SCRAM-SHA-256`.
    public var description: String {
        switch self {
        case .sha256: "SCRAM-SHA-256"
        case .sha512: "SCRAM-SHA-512"
        default: "mechanism \(self.rawValue)"
        }
    }
}

extension SCRAMCredentialInfo: CustomStringConvertible {
    /// The credential, such as `SCRAM-SHA-256 with 8192 iterations`.
    public var description: String { "\(self.mechanism) with \(self.iterations) iterations" }
}
