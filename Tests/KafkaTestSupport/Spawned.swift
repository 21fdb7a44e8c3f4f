// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A process started with `posix_spawn`, with a pipe as its standard input.
struct Spawned: Sendable {
    let pid: pid_t
    /// What it writes to standard output, if that is read.
    let output: FileHandle?
    private let leash: FileHandle

    /// One process at a time: pipes are made and marked within, so that no process inherits a pipe of another. One that did would
    /// keep it open after the other's end.
    ///
    /// (Starting a process takes longer than a lock should be held. Few threads start one.)
    private static let spawning = Lock(())

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - readsOutput: Whether `output` has what it writes to standard output, which else goes to `errors` too.
    ///   - errors: A file that standard error is appended to.
    init(_ program: String, _ arguments: [String], readsOutput: Bool, errors: URL) throws {
        let log = open(errors.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw RealCluster.Failure(description: "\(errors.path): error \(errno)") }
        defer { close(log) }
        (self.pid, self.leash, self.output) = try Self.spawning.withLock { _ in
            let leash = Self.makePipe()
            let output = readsOutput ? Self.makePipe() : nil
            let pid = try spawn(
                program, arguments, input: leash.fileHandleForReading.fileDescriptor,
                output: output?.fileHandleForWriting.fileDescriptor ?? log, errors: log)
            try leash.fileHandleForReading.close()
            try output?.fileHandleForWriting.close()
            return (pid, leash.fileHandleForWriting, output?.fileHandleForReading)
        }
    }

    /// Makes a pipe that no process inherits, except for one to which it is given.
    private static func makePipe() -> Pipe {
        let pipe = Pipe()
        for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        return pipe
    }

    /// Closes the pipe without a message, so that the program is killed.
    func closeLeash() {
        try? self.leash.close()
    }

    /// Blocks until the process has ended. Returns its exit status, or the negative signal number.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
        // Tells the watching script that there is nothing left to kill. Nobody reads this if the program was ended before the
        // script began to watch.
        blockBrokenPipeSignals()
        try? self.leash.write(contentsOf: Data("ended\n".utf8))
        self.closeLeash()
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : -signal
    }
}

/// Starts a process with no signal blocked or ignored. A child inherits blocked signals, and threads of a pool may
/// block some.
private func spawn(
    _ program: String, _ arguments: [String], input: Int32, output: Int32, errors: Int32
) throws -> pid_t {
    #if canImport(Glibc)
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    let environment = environ
    #else
    var actions: posix_spawn_file_actions_t?
    var attributes: posix_spawnattr_t?
    let flags =
        POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_CLOEXEC_DEFAULT
    let environment = _NSGetEnviron().pointee
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let argv = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, program, &actions, &attributes, argv, environment)
    guard error == 0 else { throw RealCluster.Failure(description: "posix_spawn of \(program): error \(error)") }
    return pid
}

/// Blocks SIGPIPE in this thread, so that writing to a peer that is gone doesn't end the process. The signal stays
/// pending until the thread ends.
func blockBrokenPipeSignals() {
    var brokenPipe = sigset_t()
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &brokenPipe, nil)
}
