// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

/// Where Kerberos' tickets come from.
@nonexhaustive
public enum KerberosCredentials: Hashable, Sendable {
    /// A cache that somebody else fills, such as `kinit`. Without a path it is the system's (`KRB5CCNAME`); with a principal
    /// it must be that one's.
    case ticketCache(String? = nil, principal: String? = nil)
    /// The keys in this file: tickets are asked for with them, and asked for anew before they expire.
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
    /// What it is, for errors.
    public var description: String {
        switch self {
        case .ticketCache(let path, let principal):
            "\(path.map { "the ticket cache \($0)" } ?? "the default ticket cache")\(principal.map { " of \($0)" } ?? "")"
        case .keytab(let path, let principal): "the keytab \(path) for \(principal)"
        }
    }
}

#endif
