// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Returns the text of a file, or nil if there is no such file.
func readFile(_ path: String) throws -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        if errno == ENOENT { return nil }
        throw Failure.system("Can't open \(path)")
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    } catch {
        throw Failure("Can't read \(path): \(error.localizedDescription)")
    }
}

/// Replaces the content of a file if `condition` holds, which other processes can't change meanwhile.
///
/// The replacement is atomic even if the process is killed, the power fails or the disk is full: the text is written to
/// a temporary file, flushed to disk, and renamed.
func replaceFile(_ path: String, with text: String, if condition: () throws -> Bool) throws {
    let directory = (path as NSString).deletingLastPathComponent
    let temporary = "\(directory)/.\((path as NSString).lastPathComponent).\(UUID().uuidString)"
    try writeFile(temporary, text)
    do {
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure.system("Can't open \(directory)") }
        defer { close(folder) }
        // Only the check and the renaming happen under the lock, so that processes don't wait for each other's disk
        // writes.
        guard retryingInterrupts({ Int(flock(folder, LOCK_EX)) }) == 0 else {
            throw Failure.system("Can't lock \(directory)")
        }
        guard try condition() else {
            unlink(temporary)
            return
        }
        guard rename(temporary, path) == 0 else { throw Failure.system("Can't replace \(path)") }
        guard fsync(folder) == 0 else { throw Failure.system("Can't write \(directory)") }
    } catch {
        unlink(temporary)
        throw error
    }
}

/// Writes a file and flushes it to disk. If that fails, removes the file.
private func writeFile(_ path: String, _ text: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Failure.system("Can't make \(path)") }
    defer { close(descriptor) }
    var text = text
    let failure: Int32? = text.withUTF8 { utf8 in
        var rest = UnsafeRawBufferPointer(utf8)
        while !rest.isEmpty {
            let written = retryingInterrupts { write(descriptor, rest.baseAddress, rest.count) }
            guard written >= 0 else { return errno }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
        return fsync(descriptor) == 0 ? nil : errno
    }
    if let failure {
        unlink(path)
        throw Failure.system("Can't write \(path)", failure)
    }
}
