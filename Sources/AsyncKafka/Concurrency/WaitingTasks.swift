// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The tasks that wait for one value, for an owner that keeps them under its lock and has no value yet.
///
/// Unlike a `Promise` per task, waiting allocates nothing for each task: a place is an element of an array, which all tasks share. A task
/// enters, suspends, and either receives the value or is cancelled and leaves. The owner resumes continuations outside of
/// its lock.
struct WaitingTasks<Value: Sendable>: Sendable {
    /// Receives the value, or nil if the task was cancelled.
    typealias Continuation = UnsafeContinuation<Value?, Never>

    private enum Place {
        case free
        /// The task is about to suspend.
        case entered
        /// The task was cancelled before it suspended.
        case cancelled
        case suspended(Continuation)
    }

    private var places: [Place] = []
    private var freePlaces: [Int] = []

    /// Takes a place for a task, which is to suspend next.
    mutating func enter() -> Int {
        if let place = self.freePlaces.popLast() {
            self.places[place] = .entered
            return place
        }
        self.places.append(.entered)
        return self.places.count - 1
    }

    /// Keeps the continuation of a task that has entered. Returns false if it has been cancelled since, and must be resumed.
    mutating func suspend(_ continuation: Continuation, at place: Int) -> Bool {
        guard case .entered = self.places[place] else { return false }
        self.places[place] = .suspended(continuation)
        return true
    }

    /// Cancels a task's wait. Returns its continuation if it must be resumed.
    mutating func cancel(at place: Int) -> Continuation? {
        defer { self.places[place] = .cancelled }
        guard case .suspended(let continuation) = self.places[place] else { return nil }
        return continuation
    }

    /// Gives back the place of a task that was cancelled and has resumed.
    mutating func leave(_ place: Int) {
        self.places[place] = .free
        self.freePlaces.append(place)
    }

    /// Ends all waits, because there is a value. Returns the continuations to resume with it. A task that has entered and not
    /// suspended yet takes the value itself. The tasks resume in the order of their places, which may be used again.
    mutating func end() -> [Continuation] {
        defer { self = Self() }
        return self.places.compactMap { if case .suspended(let continuation) = $0 { continuation } else { nil } }
    }
}
