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

/// A value that is only accessible while its lock is held. The package uses no other lock.
///
/// It is `Synchronization.Mutex` in an object, so that it can be captured and shared. Thread Sanitizer doesn't see the
/// futex of `Mutex` and reports false races, so builds with `-D THREAD_SANITIZER` use a pthread mutex instead.
///
/// Never resume a continuation, call user code or make a blocking system call inside `withLock`.
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
