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

/// Where an event loop, and with it a client, gets its time from: the system, or a test that drives it.
///
/// Nothing in the library reads the time or waits in any other way.
package struct LoopClock: Sendable {
    /// Nil for the system's clocks, which are read without a detour: a producer reads the time for every record.
    private let driver: (any ClockDriver)?

    private init(driver: (any ClockDriver)?) {
        self.driver = driver
    }

    package static let system = LoopClock(driver: nil)

    package static func driven(by driver: any ClockDriver) -> LoopClock { LoopClock(driver: driver) }

    /// The time that goes only forward.
    package var now: MonotonicTime { self.driver?.now ?? .ofSystem }

    /// The time of day in milliseconds since 1970-01-01 00:00 UTC.
    package var wallMilliseconds: Int64 { self.driver?.wallMilliseconds ?? Self.milliseconds(of: CLOCK_REALTIME) }

    /// The time of day, up to a few milliseconds late where the system has a clock that is cheaper for it.
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

    /// Waits for a while where there is no loop at hand, whose `sleep` costs less. Throws when the task is cancelled before.
    package func sleep(for duration: Duration) async throws(CancellationError) {
        if let driver = self.driver { return try await driver.sleep(until: driver.now + duration) }
        // The only way the system's clock has without a loop.
        do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }

    /// Whether time passes by itself while a loop waits for its sockets.
    var passesByItself: Bool { self.driver == nil }

    func loopBegins(_ loop: any DrivenLoop) { self.driver?.loopBegins(loop) }
}

/// A clock that a test drives.
package protocol ClockDriver: AnyObject, Sendable {
    var now: MonotonicTime { get }
    /// Milliseconds since 1970-01-01 00:00 UTC.
    var wallMilliseconds: Int64 { get }

    /// Waits until a time; throws when the task is cancelled before.
    func sleep(until deadline: MonotonicTime) async throws(CancellationError)

    /// A loop goes by this clock from now on. The driver does not keep it alive.
    func loopBegins(_ loop: any DrivenLoop)
}

/// An event loop as a driver of its clock sees it.
package protocol DrivenLoop: AnyObject, Sendable {
    /// When its next timer is due; nil if it has none.
    var nextDeadline: MonotonicTime? { get }
    /// Whether its thread waits, and nothing that it waits for has happened.
    var isIdle: Bool { get }
    /// The time has changed: the loop looks at its timers.
    func timeHasChanged()
}
