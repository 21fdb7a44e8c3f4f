// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

/// The source of Kerberos tickets.
@nonexhaustive
public enum KerberosCredentials: Hashable, Sendable {
    /// A cache that another program such as `kinit` fills. Default: the system's cache (`KRB5CCNAME`). If a principal
    /// is given, the tickets must belong to it.
    case ticketCache(String? = nil, principal: String? = nil)
    /// The keys in this keytab file. Tickets are requested with them and renewed before they expire.
    case keytab(String, principal: String)
}

extension KerberosCredentials {
    var principal: String? {
        switch self {
        case .ticketCache(_, let principal): principal
        case .keytab(_, let principal): principal
        }
    }
}

extension KerberosCredentials: CustomStringConvertible {
    /// The source of the tickets, for errors.
    public var description: String {
        switch self {
        case .ticketCache(let path, let principal):
            "\(path.map { "the ticket cache \($0)" } ?? "the default ticket cache")\(principal.map { " of \($0)" } ?? "")"
        case .keytab(let path, let principal): "the keytab \(path) for \(principal)"
        }
    }
}

#endif
