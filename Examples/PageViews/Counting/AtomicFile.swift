// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The text of a file. Nil if there is no such file.
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

/// Replaces a file by another text if `condition` holds, which no other process can change meanwhile.
///
/// All or nothing, also if the process is killed, the power fails or the disk is full: the text is written to a file
/// beside, brought to the disk, and given the name in one step.
func replaceFile(_ path: String, with text: String, if condition: () throws -> Bool) throws {
    let directory = (path as NSString).deletingLastPathComponent
    let temporary = "\(directory)/.\((path as NSString).lastPathComponent).\(UUID().uuidString)"
    try writeFile(temporary, text)
    do {
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure.system("Can't open \(directory)") }
        defer { close(folder) }
        // Only the look and the renaming are done under the lock, so that nobody waits for another's disk.
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

/// Writes a file and waits until it is on the disk; if that fails, nothing of it is left.
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
