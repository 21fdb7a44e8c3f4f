// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if THREAD_SANITIZER
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
#else
public import Synchronization
#endif

#if !THREAD_SANITIZER

/// The one lock of this package: a value that may only be touched while the lock is held.
///
/// It is `Synchronization.Mutex` in an object, so that it can be captured and shared. Thread Sanitizer cannot see the
/// futex behind `Mutex` and reports false races, so a build with `-D THREAD_SANITIZER` uses a pthread mutex instead.
///
/// Never resume a continuation, call a user's code or make a blocking system call inside `withLock`.
@usableFromInline
package final class Lock<Value>: Sendable {
    @usableFromInline
    package let mutex: Mutex<Value>

    package init(_ value: consuming sending Value) {
        self.mutex = Mutex(value)
    }

    @inlinable
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try self.mutex.withLock(body)
    }
}

#else

/// The same lock on a pthread mutex, which Thread Sanitizer understands.
@usableFromInline
package final class Lock<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: consuming sending Value) {
        self.mutex = .allocate(capacity: 1)
        pthread_mutex_init(self.mutex, nil)
        self.value = value
    }

    deinit {
        pthread_mutex_destroy(self.mutex)
        self.mutex.deallocate()
    }

    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(self.mutex)
        defer { pthread_mutex_unlock(self.mutex) }
        return try body(&self.value)
    }
}

#endif
