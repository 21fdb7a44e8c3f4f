// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Java-style properties while they are being understood: what has been taken, what is left, and what is wrong. All
/// complaints are collected, so that whoever set the properties sees them at once.
struct SecurityProperties {
    private let values: [String: String]
    private var untaken: Set<String>
    private var complaints: [(name: String, reason: String)] = []

    init(_ properties: [String: String]) {
        // Kafka trims values too.
        self.values = properties.mapValues { value in
            let scalars = Array(value.unicodeScalars).drop { $0.value <= 0x20 }
            let end = scalars.lastIndex { $0.value > 0x20 } ?? scalars.startIndex - 1
            return String(String.UnicodeScalarView(scalars[..<max(end + 1, scalars.startIndex)]))
        }
        self.untaken = Set(properties.keys)
    }

    func contains(_ name: String) -> Bool { self.values[name] != nil }

    /// A value, which counts as understood.
    mutating func take(_ name: String) -> String? {
        self.untaken.remove(name)
        return self.values[name]
    }

    /// A value that means nothing when it is empty.
    mutating func takeText(_ name: String) -> String? {
        guard let value = self.take(name), !value.isEmpty else { return nil }
        return value
    }

    mutating func takeSecret(_ name: String) -> Secret? {
        self.takeText(name).map { Secret($0) }
    }

    /// The elements of a list with commas. Nil if there are none.
    mutating func takeList(_ name: String) -> [String]? {
        guard let value = self.takeText(name) else { return nil }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { element in
            String(element.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
    }

    mutating func complain(_ name: String, _ reason: String) {
        self.complaints.append((name, reason))
    }

    /// Throws if there is anything to complain of. What nobody has taken is either not known or, with the other values,
    /// of no use: then it was meant otherwise than it would be taken.
    func check() throws(KafkaError) {
        var complaints = self.complaints
        for name in self.untaken.sorted() where !complaints.contains(where: { $0.name == name }) {
            guard Self.isName(name) else {
                complaints.append(
                    ("a line", "it does not begin with a property's name: does the line before it lack its backslash?"))
                continue
            }
            complaints.append(
                (name, Self.known[name].map { "it is of no use without \($0)" } ?? "it is not understood"))
        }
        guard !complaints.isEmpty else { return }
        let text = complaints.map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
        throw .invalidConfiguration("The security properties can't be used. \(text).")
    }

    /// Anything else may be a piece of a value that was broken into lines: of a password, at worst.
    private static func isName(_ text: String) -> Bool {
        text.contains(".")
            && text.utf8.allSatisfy { $0 < 128 && ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || "._-".utf8.contains($0)) }
    }

    private static let tls = "security.protocol=SSL or SASL_SSL"
    private static let sasl = "security.protocol=SASL_SSL or SASL_PLAINTEXT"

    /// What each property needs to mean anything.
    private static let known = [
        "sasl.mechanism": Self.sasl,
        "sasl.jaas.config": Self.sasl,
        "sasl.kerberos.service.name": "security.protocol=SASL_SSL or SASL_PLAINTEXT and sasl.mechanism=GSSAPI",
        "ssl.truststore.location": Self.tls,
        "ssl.truststore.type": Self.tls,
        "ssl.truststore.password": Self.tls + " and a trust store",
        "ssl.truststore.certificates": Self.tls,
        "ssl.keystore.location": Self.tls,
        "ssl.keystore.type": Self.tls,
        "ssl.keystore.password": Self.tls + " and a key store",
        "ssl.keystore.certificate.chain": Self.tls,
        "ssl.keystore.key": Self.tls,
        "ssl.key.password": Self.tls + " and a key",
        "ssl.endpoint.identification.algorithm": Self.tls,
        "ssl.protocol": Self.tls,
        "ssl.enabled.protocols": Self.tls,
        "ssl.cipher.suites": Self.tls,
    ]
}
