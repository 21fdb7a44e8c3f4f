// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The address of a broker: a host name or IP address, and a port.
public struct KafkaServer: Hashable, Sendable {
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public var host: String
    /// The port.
    public var port: Int

    /// Creates an address. The default port is 9092.
    public init(host: String, port: Int = 9092) {
        self.host = host
        self.port = port
    }

    /// Parses `host`, `host:port` or `[IPv6]:port`. The default port is 9092. Returns nil if the text is none of these.
    public init?(_ text: String) {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            host = text[..<colon]
            rest = text[colon...]
        } else {
            // Several colons without brackets are ambiguous: an IPv6 address with or without a port.
            guard !text.contains(":") else { return nil }
            host = text[...]
            rest = ""
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        if rest.isEmpty {
            self.init(host: String(host))
        } else {
            guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65535).contains(port) else { return nil }
            self.init(host: String(host), port: port)
        }
    }
}

extension KafkaServer: CustomStringConvertible {
    /// The address as `host:port`, with brackets around an IPv6 address.
    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
