// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI
import KafkaMemory

/// A context of GSS-API with a broker, freed with the object.
final class KerberosContext: SecurityContext {
    /// The library's handles, which it uses from any thread, one call at a time.
    private struct Handles: @unchecked Sendable {
        var context: gss_ctx_id_t?
        var credentials: gss_cred_id_t?
        var target: gss_name_t?
    }

    private let handles: Lock<Handles>
    private let service: KerberosService
    private let source: KerberosCredentials

    /// Blocks: with a keytab it asks the KDC for a ticket, unless the cache has one that lasts.
    init(
        with service: KerberosService, credentials source: KerberosCredentials, cache: String?
    ) throws(KafkaError) {
        self.service = service
        self.source = source
        self.handles = Lock(Handles())
        var owner: gss_name_t?
        if let principal = source.principal { owner = try Self.name(principal) }
        defer { Self.free(owner) }
        let keytab: String? = if case .keytab(let path, _) = source { path } else { nil }
        let target = try Self.name(service.description)
        var minor: OM_uint32 = 0
        var acquired: gss_cred_id_t?
        let major = Self.lend(keytab) { keytab in
            Self.lend(cache) { cache in kafka_gss_acquire(&minor, owner, keytab, cache, &acquired) }
        }
        let handles = Handles(credentials: acquired, target: target)
        self.handles.withLock { $0 = handles }
        guard kafka_gss_failed(major) == 0 else {
            throw KafkaError.kerberos("no tickets from \(source)", major, minor)
        }
    }

    deinit {
        var handles = self.handles.withLock { $0 }
        var minor: OM_uint32 = 0
        if handles.context != nil { gss_delete_sec_context(&minor, &handles.context, nil) }
        if handles.credentials != nil { gss_release_cred(&minor, &handles.credentials) }
        Self.free(handles.target)
    }

    /// The first blocks: it asks the KDC for a ticket for the broker. Later ones don't.
    func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep {
        var minor: OM_uint32 = 0
        let (major, answer) = self.handles.withLock { handles -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = Self.lend(token ?? []) { input in
                gss_init_sec_context(
                    &minor, handles.credentials, &handles.context, handles.target, gss_mech_krb5,
                    OM_uint32(GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG), 0, nil, token == nil ? nil : input, nil, &output,
                    nil, nil)
            }
            return (major, Self.take(&output))
        }
        guard kafka_gss_failed(major) == 0 else {
            throw KafkaError.kerberos(
                token == nil
                    ? "no ticket for \(self.service) with \(self.source)"
                    : "\(self.service) did not show that it is who it should be", major, minor)
        }
        return SecurityContextStep(token: answer, isComplete: kafka_gss_continues(major) == 0)
    }

    func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] {
        var minor: OM_uint32 = 0
        let (major, text) = self.handles.withLock { handles -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = Self.lend(message) { gss_unwrap(&minor, handles.context, $0, &output, nil, nil) }
            return (major, Self.take(&output))
        }
        guard kafka_gss_failed(major) == 0 else {
            throw KafkaError.kerberos("\(self.service) sent a message that can't be believed", major, minor)
        }
        return text
    }

    func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] {
        var minor: OM_uint32 = 0
        let (major, wrapped) = self.handles.withLock { handles -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = Self.lend(message) { gss_wrap(&minor, handles.context, 0, 0, $0, nil, &output) }
            return (major, Self.take(&output))
        }
        guard kafka_gss_failed(major) == 0 else {
            throw KafkaError.kerberos("a message to \(self.service) can't be protected", major, minor)
        }
        return wrapped
    }

    // MARK: The library's types

    private static func name(_ principal: String) throws(KafkaError) -> gss_name_t? {
        var minor: OM_uint32 = 0
        var name: gss_name_t?
        let major = Self.lend(Array(principal.utf8)) {
            gss_import_name(&minor, $0, GSS_KRB5_NT_PRINCIPAL_NAME, &name)
        }
        guard kafka_gss_failed(major) == 0 else {
            throw .kerberos("\"\(principal)\" is no principal's name", major, minor)
        }
        return name
    }

    private static func free(_ name: gss_name_t?) {
        var minor: OM_uint32 = 0
        var name = name
        if name != nil { gss_release_name(&minor, &name) }
    }

    private static func lend<Result>(_ bytes: [UInt8], _ body: (gss_buffer_t) -> Result) -> Result {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { bytes in
            var buffer = gss_buffer_desc(length: bytes.count, value: bytes.baseAddress)
            return body(&buffer)
        }
    }

    private static func lend<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }

    /// The bytes that the library has given, which are freed.
    fileprivate static func take(_ buffer: inout gss_buffer_desc) -> [UInt8] {
        let bytes = Array(UnsafeRawBufferPointer(start: buffer.value, count: buffer.value == nil ? 0 : buffer.length))
        var minor: OM_uint32 = 0
        gss_release_buffer(&minor, &buffer)
        return bytes
    }
}

extension KafkaError {
    /// What failed, with the library's own words, to be called on the thread that it failed on.
    fileprivate static func kerberos(_ what: String, _ major: OM_uint32, _ minor: OM_uint32) -> KafkaError {
        // The mechanism's words say it all, if it has any: the others are "unspecified failure".
        let own = Self.words(minor, GSS_C_MECH_CODE)
        let reason = own.isEmpty ? Self.words(major, GSS_C_GSS_CODE) : own
        return KafkaError(
            .authenticationFailed, "Kerberos: \(what): \(reason).", isRetriable: kafka_gss_is_unreachable(minor) != 0)
    }

    private static func words(_ status: OM_uint32, _ kind: Int32) -> String {
        guard status != 0 else { return "" }
        var words: [String] = []
        var context: OM_uint32 = 0
        repeat {
            var minor: OM_uint32 = 0
            var buffer = gss_buffer_desc()
            guard gss_display_status(&minor, status, kind, gss_mech_krb5, &context, &buffer) == 0 else { break }
            words.append(String(decoding: KerberosContext.take(&buffer), as: UTF8.self))
        } while context != 0 && words.count < 10
        return words.joined(separator: "; ")
    }
}

#endif
