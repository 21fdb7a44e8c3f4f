// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

internal import CEpoll

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Creates threads, and knows which loop the current thread belongs to.
enum LoopThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static func isCurrent(_ loop: LoopCore) -> Bool {
        pthread_getspecific(self.key) == UnsafeMutableRawPointer(Unmanaged.passUnretained(loop).toOpaque())
    }

    /// Marks the current thread as the loop's while `body` runs.
    static func enter(_ loop: LoopCore, _ body: () -> Void) {
        let previous = pthread_getspecific(self.key)
        pthread_setspecific(self.key, Unmanaged.passUnretained(loop).toOpaque())
        body()
        pthread_setspecific(self.key, previous)
    }

    /// Starts a thread that runs `body` and retains it until it ends.
    static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) {
        let box = Unmanaged.passRetained(ThreadBody(name: name, body: body))
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, threadMain, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw .system(call: "pthread_create", errno: status)
        }
        #if canImport(Darwin)
        if let thread { pthread_detach(thread) }
        #else
        pthread_detach(thread)
        #endif
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

#if canImport(Darwin)
private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let thread = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    pthread_setname_np(thread.name)
    thread.body()
    return nil
}
#else
private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let thread = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    ckafka_name_thread(thread.name)
    thread.body()
    return nil
}
#endif
