// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

extension EmbeddedKafka {
    /// The brokers' Kerberos keys for GSSAPI, with which they decrypt clients' tickets. Needs the package trait
    /// `GSSAPI`.
    public struct Kerberos: Hashable, Sendable {
        /// The path of the keytab. It is read when the cluster starts and when a client authenticates.
        public var keytab: String
        /// The brokers' principal, such as `kafka/localhost@EXAMPLE`. All brokers have the same.
        public var principal: String

        /// Creates the configuration for the keys of `principal` in `keytab`.
        public init(keytab: String, principal: String) {
            self.keytab = keytab
            self.principal = principal
        }
    }
}

#endif
