// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Files, with errors that name them.
enum FileSystem {
    /// Reads a file. The path `-` stands for standard input.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("Can't open", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let chunk = try Array<UInt8>(unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let size = systemRead(descriptor, buffer)
                guard size >= 0 else { throw Self.failure("Can't read", path) }
                count = size
            }
            guard !chunk.isEmpty else { return bytes }
            bytes += chunk
        }
    }

    /// Replaces a file, which only its owner may read.
    static func write(_ text: String, to path: String) throws {
        let temporary = path + ".new"
        unlink(temporary)  // Others may be allowed to read one that was left behind.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("Can't write", path) }
        do {
            defer { close(descriptor) }
            try StandardStream(descriptor: descriptor).write(Array(text.utf8))
        }
        guard rename(temporary, path) == 0 else { throw Self.failure("Can't write", path) }
    }

    /// Creates a directory and those above it.
    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try Self.makeDirectory(String(path[..<slash]))
            guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        }
        throw Self.failure("Can't make the directory", path)
    }

    static func delete(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw Self.failure("Can't delete", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names in a directory, sorted. None if there is no such directory.
    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure("\(what) \(path): \(reason).")
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    while true {
        let size = read(descriptor, buffer.baseAddress, buffer.count)
        guard size < 0, errno == EINTR else { return size }
    }
}
