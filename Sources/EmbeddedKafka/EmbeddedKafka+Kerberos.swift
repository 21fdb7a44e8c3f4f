// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

extension EmbeddedKafka {
    /// The brokers' own keys, with which they read clients' tickets (GSSAPI). Needs the package trait `GSSAPI`.
    public struct Kerberos: Hashable, Sendable {
        /// The path of the file with the keys. It is read when the cluster starts, and when a client logs in.
        public var keytab: String
        /// Whose keys: `kafka/localhost@EXAMPLE`. All brokers here have the same.
        public var principal: String

        /// The keys of `principal` in `keytab`.
        public init(keytab: String, principal: String) {
            self.keytab = keytab
            self.principal = principal
        }
    }
}

#endif
