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

/// Which loop the current thread belongs to.
enum LoopThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static func enter(_ loop: EventLoop) {
        pthread_setspecific(self.key, Unmanaged.passUnretained(loop).toOpaque())
    }

    static var current: EventLoop? {
        pthread_getspecific(self.key).map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
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

/// Starts a thread, which keeps `body` until it ends.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) {
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

/// Jobs of tasks that outlive their loop: a task must be able to end, so they run on a thread made for them.
enum LateJobs {
    static func run(_ job: UnownedJob, on loop: EventLoop) {
        let started: Void? = try? startThread(named: "kafka-late") {
            job.runSynchronously(on: loop.asUnownedTaskExecutor())
        }
        if started == nil { job.runSynchronously(on: loop.asUnownedTaskExecutor()) }
    }
}
