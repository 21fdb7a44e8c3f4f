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

/// Ports for brokers, which must know their port before they start and reuse it after a crash.
///
/// They are below the system's range for outgoing connections, so that no connection takes a broker's port while it is
/// down. They are random, so that concurrent test runs on one machine rarely collide; a cluster whose port is occupied
/// is started again on others.
enum LoopbackPorts {
    private static let given = Lock(Set<Int>())

    static func take(_ count: Int) -> [Int] {
        var ports: [Int] = []
        while ports.count < count {
            let port = Int.random(in: 15_000..<32_000)
            if Self.isFree(port), Self.given.withLock({ $0.insert(port).inserted }) { ports.append(port) }
        }
        return ports
    }

    private static func isFree(_ port: Int) -> Bool { Self.call(bind, port: port) }

    /// Whether the port accepts connections.
    static func accepts(_ port: Int) -> Bool { Self.call(connect, port: port) }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, port: Int
    ) -> Bool {
        let descriptor = LoopbackSocket.make()
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return LoopbackSocket.withAddress(port: port) { function(descriptor, $0, $1) } == 0
    }
}
