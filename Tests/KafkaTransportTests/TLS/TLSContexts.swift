// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The contexts of a server and a client that trust the same authority.
struct TLSContexts {
    let authority: CertificateAuthority
    let server: TLSContext
    let client: TLSContext

    init(
        issued: (CertificateAuthority) throws -> CertificateAuthority.Issued = { try $0.issue() },
        server configureServer: (inout TLSSettings) -> Void = { _ in },
        client configureClient: (inout TLSSettings, CertificateAuthority) throws -> Void = { _, _ in }
    ) throws {
        self.authority = try CertificateAuthority()
        var serving = TLSSettings()
        serving.identity = try issued(self.authority).identity
        serving.trust = .authorities(self.authority.certificate)
        configureServer(&serving)
        self.server = try TLSContext(server: serving)
        var using = TLSSettings()
        using.trust = .authorities(self.authority.certificate)
        try configureClient(&using, self.authority)
        self.client = try TLSContext(client: using)
    }
}
