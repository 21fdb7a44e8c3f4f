// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The process's standard error stream, without Foundation.
enum StandardError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            var rest = UnsafeRawBufferPointer(utf8)
            while !rest.isEmpty {
                #if canImport(Darwin)
                let written = Darwin.write(STDERR_FILENO, rest.baseAddress, rest.count)
                #elseif canImport(Musl)
                let written = Musl.write(STDERR_FILENO, rest.baseAddress, rest.count)
                #else
                let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                #endif
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }
}
