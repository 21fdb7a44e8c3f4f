// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

enum CertificateNames {
    /// Returns the DNS names and IP addresses in a certificate.
    static func of(_ certificate: OpaquePointer) -> [String] {
        guard let names = kafka_alternative_names(certificate) else { return [] }
        defer { kafka_free_names(names) }
        var found: [String] = []
        var index: Int32 = 0
        while let name = kafka_name_at(names, index) {
            index += 1
            let type = kafka_name_type(name)
            guard type == GEN_DNS || type == GEN_IPADD else { continue }
            var count: Int32 = 0
            guard let start = kafka_name_bytes(name, &count), count > 0 else { continue }
            let bytes = UnsafeBufferPointer(start: start, count: Int(count))
            found.append(type == GEN_DNS ? String(decoding: bytes, as: UTF8.self) : Self.address(bytes))
        }
        return found
    }

    /// Returns the common name of a certificate's subject. It identifies a host only if there are no names, and never
    /// an address.
    static func commonName(of certificate: OpaquePointer) -> String? {
        let subject = X509_get_subject_name(certificate)
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0, let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)) else { return nil }
        var text: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&text, value)
        // OpenSSL allocates the text even if it is empty.
        defer { CRYPTO_free(text, #file, #line) }
        guard count > 0, let text else { return nil }
        return String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
    }

    /// Returns the name of a certificate's subject in the format of RFC 2253.
    static func subject(of certificate: OpaquePointer) -> String? {
        guard let target = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(target) }
        guard kafka_print_name(target, X509_get_subject_name(certificate)) >= 0 else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = BIO_read(target, &buffer, Int32(buffer.count))
            guard count > 0 else { break }
            bytes += buffer[..<Int(count)]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }
}
