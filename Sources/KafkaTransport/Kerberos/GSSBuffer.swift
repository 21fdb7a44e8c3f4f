// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

/// Conversions between bytes and the library's buffers.
enum GSSBuffer {
    static func lend<Result>(_ bytes: [UInt8], _ body: (gss_buffer_t) -> Result) -> Result {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { bytes in
            var buffer = gss_buffer_desc(length: bytes.count, value: bytes.baseAddress)
            return body(&buffer)
        }
    }

    /// Returns the bytes of a buffer that the library allocated, and frees it.
    static func take(_ buffer: inout gss_buffer_desc) -> [UInt8] {
        let bytes = Array(UnsafeRawBufferPointer(start: buffer.value, count: buffer.value == nil ? 0 : buffer.length))
        var minor: OM_uint32 = 0
        gss_release_buffer(&minor, &buffer)
        return bytes
    }
}

#endif
