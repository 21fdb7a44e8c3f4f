// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

/// A principal's name in the library's form, which is released with the object.
package final class GSSName: @unchecked Sendable {
    /// The library's handle, which is never changed.
    let handle: gss_name_t?

    /// Creates the name of a principal such as `kafka/broker1.example@EXAMPLE`.
    package init(_ principal: String) throws(GSSFailure) {
        var minor: OM_uint32 = 0
        var handle: gss_name_t?
        let major = GSSBuffer.lend(Array(principal.utf8)) {
            gss_import_name(&minor, $0, GSS_KRB5_NT_PRINCIPAL_NAME, &handle)
        }
        self.handle = handle
        try GSSFailure.check(major, minor)
    }

    /// Creates a name that takes ownership of the library's handle.
    init(taking handle: gss_name_t?) {
        self.handle = handle
    }

    deinit {
        var minor: OM_uint32 = 0
        var handle = self.handle
        if handle != nil { gss_release_name(&minor, &handle) }
    }

    package func text() throws(GSSFailure) -> String {
        var minor: OM_uint32 = 0
        var buffer = gss_buffer_desc()
        let major = gss_display_name(&minor, self.handle, &buffer, nil)
        try GSSFailure.check(major, minor)
        return String(decoding: GSSBuffer.take(&buffer), as: UTF8.self)
    }
}

#endif
