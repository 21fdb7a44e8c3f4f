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

/// The source of time of an event loop and its client: the system, or a test.
///
/// The library reads the time and waits only through it.
package struct LoopClock: Sendable {
    /// The test's clock, or nil for the system's, which is read directly because a producer reads it for every record.
    private let driver: (any ClockDriver)?

    private init(driver: (any ClockDriver)?) {
        self.driver = driver
    }

    package static let system = LoopClock(driver: nil)

    package static func driven(by driver: any ClockDriver) -> LoopClock { LoopClock(driver: driver) }

    /// The current monotonic time.
    package var now: MonotonicTime { self.driver?.now ?? .ofSystem }

    /// The time of day in milliseconds since 1970-01-01 00:00 UTC.
    package var wallMilliseconds: Int64 { self.driver?.wallMilliseconds ?? Self.milliseconds(of: CLOCK_REALTIME) }

    /// The time of day, up to a few milliseconds late where the system has a cheaper clock of that kind.
    package var coarseWallMilliseconds: Int64 {
        #if canImport(Darwin)
        self.wallMilliseconds
        #else
        self.driver?.wallMilliseconds ?? Self.milliseconds(of: CLOCK_REALTIME_COARSE)
        #endif
    }

    private static func milliseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// Waits for `duration` where no loop is available, whose `sleep` costs less. Throws if the task is cancelled
    /// before.
    package func sleep(for duration: Duration) async throws(CancellationError) {
        if let driver = self.driver { return try await driver.sleep(until: driver.now + duration) }
        // The only way to wait by the system's clock without a loop.
        do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }

    /// Whether time passes while a loop waits for its sockets.
    var passesByItself: Bool { self.driver == nil }

    func loopBegins(_ loop: any DrivenLoop) { self.driver?.loopBegins(loop) }
}

/// A clock that a test controls.
package protocol ClockDriver: AnyObject, Sendable {
    var now: MonotonicTime { get }
    /// The time of day in milliseconds since 1970-01-01 00:00 UTC.
    var wallMilliseconds: Int64 { get }

    /// Waits until `deadline`. Throws if the task is cancelled before.
    func sleep(until deadline: MonotonicTime) async throws(CancellationError)

    /// Called when a loop starts to use this clock. The driver must not retain the loop.
    func loopBegins(_ loop: any DrivenLoop)
}

/// An event loop from the point of view of its clock's driver.
package protocol DrivenLoop: AnyObject, Sendable {
    /// The deadline of the next timer, or nil if there is none.
    var nextDeadline: MonotonicTime? { get }
    /// Whether the loop's thread is waiting and none of the events it waits for has occurred.
    var isIdle: Bool { get }
    /// Notifies the loop that the time has changed, so that it checks its timers.
    func timeHasChanged()
}
