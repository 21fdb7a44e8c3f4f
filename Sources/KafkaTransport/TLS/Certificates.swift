// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
package import KafkaMemory

/// Certificates read from PEM. They are freed with the object, so they are only accessible inside `lend`.
final class Certificates {
    private let all: [OpaquePointer]

    /// - Parameter what: A description of the bytes, for errors.
    init(pem: Bytes, what: String) throws(TLSFailure) {
        ERR_clear_error()
        self.all = try MemorySource.lend(pem) { source in
            var read: [OpaquePointer] = []
            while let certificate = PEM_read_bio_X509(source, nil, nil, nil) { read.append(certificate) }
            return read
        }
        let error = ERR_peek_last_error()
        let isEnd = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE
        guard error == 0 || isEnd else {
            throw .configuration("\(what) can't be read: \(OpenSSLError.takeText())")
        }
        ERR_clear_error()
        guard !self.all.isEmpty else {
            throw .configuration("\(what) are empty: there is no CERTIFICATE in the PEM text")
        }
    }

    /// Takes ownership of the references.
    init(owning certificates: [OpaquePointer]) {
        self.all = certificates
    }

    deinit {
        for certificate in self.all { X509_free(certificate) }
    }

    /// Calls `body` with all certificates in order.
    func lend<Result, Failure: Error>(_ body: ([OpaquePointer]) throws(Failure) -> Result) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(self.all)
    }
}

package enum PrivateKey {
    /// Reads a private key, which may be encrypted, from PEM. The caller must free it.
    package static func read(pem: Bytes, password: String?) throws(TLSFailure) -> OpaquePointer {
        ERR_clear_error()
        let box = password.map { PasswordBox($0) }
        defer { withExtendedLifetime(box) {} }
        // Without a callback OpenSSL would prompt on the terminal.
        let key = try MemorySource.lend(pem) { source in
            PEM_read_bio_PrivateKey(
                source, nil,
                { buffer, size, _, box in
                    guard let buffer, let box else { return -1 }
                    return Unmanaged<PasswordBox>.fromOpaque(box).takeUnretainedValue().write(to: buffer, size)
                }, box.map { Unmanaged.passUnretained($0).toOpaque() })
        }
        guard let key else {
            throw Self.unreadable(hasPassword: password != nil)
        }
        return key
    }

    private static func unreadable(hasPassword: Bool) -> TLSFailure {
        let (text, isUnsupported) = OpenSSLError.takeAll()
        return .configuration(
            !hasPassword
                ? "the private key can't be read, or is encrypted and has no password: \(text)"
                : isUnsupported
                    ? "the private key is encrypted by an algorithm that OpenSSL 3 has given up: encrypt it anew by "
                        + "`openssl pkcs8 -topk8 -provider legacy -provider default -in old.pem -out new.pem`"
                    : "the private key can't be read, or the password is wrong: \(text)")
    }

    private final class PasswordBox {
        private let text: String

        init(_ text: String) {
            self.text = text
        }

        func write(to buffer: UnsafeMutablePointer<CChar>, _ size: Int32) -> Int32 {
            let count = self.text.utf8.count
            guard count <= Int(size) else { return -1 }
            self.text.withCString { buffer.update(from: $0, count: count) }
            return Int32(count)
        }
    }
}

enum PKCS12File {
    /// Reads the chain, starting with the own certificate, and the key, which the caller must free.
    static func read(_ bytes: Bytes, password: String) throws(TLSFailure) -> (Certificates, OpaquePointer) {
        let (chain, key, hasOwn) = try Self.open(bytes, password: password)
        guard let key else { throw .configuration("there is no private key in the PKCS#12 file") }
        guard hasOwn else {
            EVP_PKEY_free(key)
            throw .configuration("there is no certificate for the private key in the PKCS#12 file")
        }
        return (chain, key)
    }

    /// Reads all certificates of a trust store.
    static func readAuthorities(_ bytes: Bytes, password: String?) throws(TLSFailure) -> Certificates {
        let (certificates, key, _) = try Self.open(bytes, password: password)
        if let key { EVP_PKEY_free(key) }
        guard !certificates.lend({ $0.isEmpty }) else {
            throw .configuration("there is no certificate in the PKCS#12 file of authorities")
        }
        return certificates
    }

    private static func open(
        _ bytes: Bytes, password: String?
    ) throws(TLSFailure) -> (Certificates, key: OpaquePointer?, hasOwn: Bool) {
        ERR_clear_error()
        guard let file = try MemorySource.lend(bytes, { d2i_PKCS12_bio($0, nil) }) else {
            throw .configuration("this is not a PKCS#12 file: \(OpenSSLError.takeText())")
        }
        defer { PKCS12_free(file) }
        var key: OpaquePointer?
        var own: OpaquePointer?
        var others: OpaquePointer?
        guard PKCS12_parse(file, password, &key, &own, &others) == 1 else {
            let (text, isUnsupported) = OpenSSLError.takeAll()
            throw .configuration(
                isUnsupported
                    ? "the PKCS#12 file is encrypted by an algorithm that OpenSSL 3 has given up: export it anew by "
                        + "`openssl pkcs12 -legacy -in old.p12 -nodes -out all.pem` and "
                        + "`openssl pkcs12 -export -in all.pem -out new.p12` (with -nokeys if it has no key)"
                    : "the PKCS#12 file can't be opened, or the password is wrong: \(text)")
        }
        var chain: [OpaquePointer] = []
        if let own { chain.append(own) }
        if let others {
            var index: Int32 = 0
            while let certificate = kafka_certificate_at(others, index) {
                X509_up_ref(certificate)
                chain.append(certificate)
                index += 1
            }
            kafka_free_certificates(others)
        }
        return (Certificates(owning: chain), key, own != nil)
    }
}

/// Provides bytes to OpenSSL's readers.
private enum MemorySource {
    static func lend<Result>(_ bytes: Bytes, _ body: (OpaquePointer) -> Result) throws(TLSFailure) -> Result {
        let result = bytes.withUnsafeBytes { bytes -> Result? in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
        guard let result else { throw .configuration("there is nothing to be read: \(OpenSSLError.takeText())") }
        return result
    }
}

package enum OpenSSLError {
    /// Returns OpenSSL's last error on this thread as text and clears its errors.
    package static func takeText() -> String {
        let error = ERR_peek_last_error()
        ERR_clear_error()
        guard error != 0 else { return "no reason given" }
        return Self.text(error)
    }

    /// Returns the last error and whether any error was an unsupported algorithm, of which the last may be a
    /// consequence.
    static func takeAll() -> (text: String, isUnsupported: Bool) {
        var (text, isUnsupported) = ("no reason given", false)
        while case let error = ERR_get_error(), error != 0 {
            text = Self.text(error)
            isUnsupported = isUnsupported || kafka_is_unsupported(error) == 1
        }
        return (text, isUnsupported)
    }

    static func text(_ error: UInt) -> String {
        guard let reason = ERR_reason_error_string(error) else { return "OpenSSL's error \(error)" }
        return String(cString: reason)
    }
}
