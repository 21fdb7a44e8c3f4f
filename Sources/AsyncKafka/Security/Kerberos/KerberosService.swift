// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The service principal of a broker: `kafka/broker1.example@EXAMPLE`.
struct KerberosService: Hashable, CustomStringConvertible {
    let description: String

    /// Blocks: it may query DNS.
    init(name: String, host: String) throws(KafkaError) {
        let host = Self.canonical(host).lowercased()
        guard !name.isEmpty, !name.contains(where: Self.separates), !host.contains(where: Self.separates) else {
            throw .invalidConfiguration(
                "The Kerberos service name \"\(name)\" and the host \"\(host)\" can't make a principal's name.")
        }
        let realm = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer -> String? in
            guard let start = buffer.baseAddress, kafka_krb5_realm_of_host(host, start, buffer.count) == 0 else {
                return nil
            }
            return String(cString: start)
        }
        guard let realm else {
            throw .invalidConfiguration(
                "Kerberos can't be used: its krb5.conf can't be read (KRB5_CONFIG, /etc/krb5.conf).")
        }
        // With an empty realm, the KDC refers the client to the right one.
        self.description = "\(name)/\(host)@\(realm)"
    }

    private static func separates(_ character: Character) -> Bool { "/@\\".contains(character) }

    /// Resolves host names as Java does: an address to its name, a short name to its full name. A full name is kept.
    private static func canonical(_ host: String) -> String {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        if getaddrinfo(host, nil, &hints, &list) == 0, let address = list?.pointee {
            defer { freeaddrinfo(list) }
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
                let status = getnameinfo(
                    address.ai_addr, address.ai_addrlen, buffer.baseAddress, socklen_t(buffer.count), nil, 0,
                    NI_NAMEREQD)
                guard status == 0, let start = buffer.baseAddress else { return host }
                return String(cString: start)
            }
        }
        guard !host.contains(".") else { return host }
        hints.ai_flags = AI_CANONNAME
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return host }
        defer { freeaddrinfo(list) }
        guard let name = list?.pointee.ai_canonname.map({ String(cString: $0) }),
            name.lowercased().hasPrefix(host.lowercased() + ".")
        else { return host }
        return name
    }
}

#endif
