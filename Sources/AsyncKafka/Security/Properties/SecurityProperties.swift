// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Java-style properties during parsing: those already taken, those left, and the errors. All errors are collected, so
/// that they can be reported together.
struct SecurityProperties {
    private let values: [String: String]
    private var untaken: Set<String>
    private var complaints: [(name: String, reason: String)] = []

    init(_ properties: [String: String]) {
        // As Kafka does.
        self.values = properties.mapValues { value in
            let scalars = Array(value.unicodeScalars).drop { $0.value <= 0x20 }
            let end = scalars.lastIndex { $0.value > 0x20 } ?? scalars.startIndex - 1
            return String(String.UnicodeScalarView(scalars[..<max(end + 1, scalars.startIndex)]))
        }
        self.untaken = Set(properties.keys)
    }

    func contains(_ name: String) -> Bool { self.values[name] != nil }

    /// Returns a value and marks the property as known.
    mutating func take(_ name: String) -> String? {
        self.untaken.remove(name)
        return self.values[name]
    }

    /// Returns a value, or nil if it is missing or empty.
    mutating func takeText(_ name: String) -> String? {
        guard let value = self.take(name), !value.isEmpty else { return nil }
        return value
    }

    mutating func takeSecret(_ name: String) -> Secret? {
        self.takeText(name).map { Secret($0) }
    }

    /// Returns the elements of a comma-separated list, or nil if it is missing or empty.
    mutating func takeList(_ name: String) -> [String]? {
        guard let value = self.takeText(name) else { return nil }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { element in
            String(element.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
    }

    mutating func complain(_ name: String, _ reason: String) {
        self.complaints.append((name, reason))
    }

    /// Throws if there is any error. A property that wasn't taken is unknown, or unused in combination with the other
    /// values; ignoring it could be unsafe.
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

    /// Any other text may be part of a multi-line value, possibly a password.
    private static func isName(_ text: String) -> Bool {
        text.contains(".")
            && text.utf8.allSatisfy { $0 < 128 && ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a || "._-".utf8.contains($0)) }
    }

    private static let tls = "security.protocol=SSL or SASL_SSL"
    private static let sasl = "security.protocol=SASL_SSL or SASL_PLAINTEXT"

    /// What each property requires to have an effect.
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
