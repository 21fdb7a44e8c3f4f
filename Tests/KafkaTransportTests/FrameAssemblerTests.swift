// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@Suite struct FrameAssemblerTests {
    /// Feeds bytes in pieces of a given size, and returns the resulting frames.
    private func frames(
        of bytes: [UInt8], inPiecesOf size: Int, limit: Int = 1 << 20
    ) throws(TransportError) -> [Bytes] {
        var assembler = FrameAssembler(limit: limit)
        var frames: [Bytes] = []
        var start = 0
        while start < bytes.count {
            let target = assembler.receiveBuffer()
            let end = min(start + size, start + target.count, bytes.count)
            bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            try assembler.received(end - start) { frames.append($0) }
            start = end
        }
        return frames
    }

    private func encode(_ frames: [[UInt8]]) -> [UInt8] {
        frames.flatMap { frame in
            withUnsafeBytes(of: Int32(frame.count).bigEndian) { Array($0) } + frame
        }
    }

    @Test(arguments: [1, 2, 3, 5, 7, 100, 4096, 1 << 20])
    func framesAreAssembledHoweverTheStreamIsSplit(size: Int) throws {
        let expected = [0, 1, 3, 500, 70_000, 2, 200_000, 65_536, 65_532, 65_533, 33_000, 5].map { count in
            (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
        }
        let frames = try self.frames(of: self.encode(expected), inPiecesOf: size)
        #expect(frames.map { Array($0) } == expected)
    }

    @Test(arguments: [-1, Int32.min, 1025, Int32.max])
    func negativeAndExcessiveLengthsAreRefused(length: Int32) {
        let header = withUnsafeBytes(of: length.bigEndian) { Array($0) }
        let error = #expect(throws: TransportError.self) {
            _ = try self.frames(of: header + [1, 2, 3], inPiecesOf: 7, limit: 1024)
        }
        guard case .frameTooLarge(let claimed, let limit, let firstBytes) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(claimed == Int(length))
        #expect(limit == 1024)
        #expect(firstBytes == header + [1, 2, 3])
    }

    /// A peer that has sent valid frames speaks Kafka's protocol. A negative length is invalid nevertheless.
    @Test(arguments: [10, 200_000]) func anOversizedFrameAfterValidOnesDiffersFromGarbage(count: Int) {
        let good = self.encode([Array(repeating: 7, count: count)])
        func error(_ length: Int32) -> TransportError? {
            #expect(throws: TransportError.self) {
                let header = withUnsafeBytes(of: length.bigEndian) { Array($0) }
                _ = try self.frames(of: good + header, inPiecesOf: 1000, limit: 200_000)
            }
        }
        #expect(error(200_001) == .frameAboveLimit(length: 200_001, limit: 200_000))
        guard case .frameTooLarge(-5, _, _) = error(-5) else {
            Issue.record("a negative length")
            return
        }
    }

    @Test func memoryIsReservedOnlyForReceivedBytes() throws {
        var assembler = FrameAssembler(limit: Int(Int32.max))
        let header = withUnsafeBytes(of: Int32(2_000_000_000).bigEndian) { Array($0) }
        assembler.receiveBuffer().copyBytes(from: header)
        try assembler.received(4) { _ in }
        var arrived = 0
        while arrived < 8 << 20 {
            let target = assembler.receiveBuffer()
            #expect(target.count <= max(1 << 20, arrived), "room for more than has come so far")
            arrived += target.count
            try assembler.received(target.count) { _ in }
        }
    }
}
