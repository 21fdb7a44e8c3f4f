// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension OAuthBearerToken {
    /// Throws if the token or its extensions contain characters that can't be sent.
    func validate() throws(KafkaError) {
        guard Self.isToken(self.value.text) else {
            throw .authenticationFailed(
                "The token has characters that no bearer token can have: letters, digits and -._~+/ with = at the end.")
        }
        for (name, value) in self.extensions.sorted(by: { $0.key < $1.key }) {
            try Self.validateExtension(name, value)
        }
    }

    /// The `b64token` syntax of RFC 6750, section 2.1.
    private static func isToken(_ text: String) -> Bool {
        let body = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard !body.isEmpty, text.utf8.dropFirst(body.count).allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            return false
        }
        return body.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~+/".utf8.contains(character)
            }
        }
    }

    /// The syntax of RFC 7628, section 3.1, without empty values: brokers refuse them as invalid credentials without
    /// naming the reason.
    static func validateExtension(_ name: String, _ value: String) throws(KafkaError) {
        let isName = !name.isEmpty && name.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
        guard isName, name != "auth" else {
            throw .authenticationFailed(
                "\"\(name)\" can't be the name of a SASL extension: it takes letters only, and \"auth\" is the token's own."
            )
        }
        guard !value.isEmpty else {
            throw .authenticationFailed("The SASL extension \"\(name)\" has an empty value, which brokers refuse.")
        }
        let isValue = value.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 || $0 == 0x0d || $0 == 0x0a }
        guard isValue else {
            throw .authenticationFailed(
                "The SASL extension \"\(name)\" has a value with characters that can't be sent.")
        }
    }
}
