// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
package import KafkaTransport

/// Creates the TLS context of a configuration, and recreates it when one of its files changes. Certificates can thus be
/// renewed without losing connections: existing connections keep their context.
final class TLSContextSource: Sendable {
    private let configuration: KafkaTLSConfiguration
    private let logger: Logger
    private let state: Lock<State>

    private struct State {
        var context: TLSContext
        var stamps: [FileContents.Stamp?]
    }

    init(_ configuration: KafkaTLSConfiguration, logger: Logger) throws(KafkaError) {
        self.configuration = configuration
        self.logger = logger
        let stamps = configuration.files.map { FileContents.stamp(of: $0) }
        self.state = Lock(State(context: try configuration.makeContext(), stamps: stamps))
    }

    /// Returns the context for a new connection. If changed files are invalid, the previous context stays in use.
    func current() -> TLSContext {
        let (context, known) = self.state.withLock { ($0.context, $0.stamps) }
        let files = self.configuration.files
        guard !files.isEmpty else { return context }
        // Checked before the files are read, so that a change in the meantime is noticed by the next connection.
        let stamps = files.map { FileContents.stamp(of: $0) }
        guard stamps != known else { return context }
        do throws(KafkaError) {
            let renewed = try self.configuration.makeContext()
            self.state.withLock { $0 = State(context: renewed, stamps: stamps) }
            self.logger(.info, "TLS certificates were read again")
            return renewed
        } catch {
            // The files may be half written. The stamps aren't stored, so the next connection tries again.
            self.logger(
                .warning, "TLS files have changed and can't be used; the old certificates stay in use",
                [(.error, error.description)])
            return context
        }
    }
}

extension KafkaTLSConfiguration {
    /// The files that the configuration refers to.
    var files: [String] {
        var files: [String] = []
        switch self.trust {
        case .pemFile(let path), .pkcs12File(let path, _): files.append(path)
        case .system, .pem, .pkcs12: break
        }
        switch self.identity {
        case .pemFiles(let chain, let key, _): files += [chain, key]
        case .pkcs12File(let path, _): files.append(path)
        case .pem, .pkcs12, nil: break
        }
        return files
    }

    /// Reads the files and creates a TLS context.
    package func makeContext() throws(KafkaError) -> TLSContext {
        var settings = TLSSettings()
        switch self.trust {
        case .system: settings.trust = .system
        case .pem(let bytes): settings.trust = .authorities(bytes)
        case .pemFile(let path): settings.trust = .authorities(try FileContents.read(path, "trusted authorities"))
        case .pkcs12(let bytes, let password): settings.trust = .pkcs12(bytes, password: password?.text)
        case .pkcs12File(let path, let password):
            settings.trust = .pkcs12(try FileContents.read(path, "trusted authorities"), password: password?.text)
        }
        switch self.identity {
        case nil: break
        case .pem(let chain, let key, let password):
            settings.identity = .pem(chain: chain, key: key, password: password?.text)
        case .pemFiles(let chain, let key, let password):
            settings.identity = .pem(
                chain: try FileContents.read(chain, "certificate"), key: try FileContents.read(key, "private key"),
                password: password?.text)
        case .pkcs12(let bytes, let password): settings.identity = .pkcs12(bytes, password: password.text)
        case .pkcs12File(let path, let password):
            settings.identity = .pkcs12(try FileContents.read(path, "identity"), password: password.text)
        }
        settings.verification =
            switch self.verification {
            case .full: .full
            case .authorityOnly: .authorityOnly
            case .disabled: .none
            }
        settings.minimumVersion = self.minimumVersion == .tls12 ? .tls12 : .tls13
        settings.maximumVersion = self.maximumVersion == .tls12 ? .tls12 : .tls13
        settings.ciphers = self.ciphers
        settings.cipherSuites = self.cipherSuites
        do throws(TLSFailure) {
            return try TLSContext(client: settings)
        } catch {
            throw KafkaError(.invalidConfiguration, "TLS can't be set up: \(error).", underlyingError: error)
        }
    }
}
