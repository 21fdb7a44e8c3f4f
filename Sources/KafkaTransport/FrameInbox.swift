// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The read side of a channel: splits frames and keeps those that can't be delivered yet.
///
/// `@unchecked Sendable`, because it is only used on the loop's thread.
final class FrameInbox: @unchecked Sendable {
    private var assembler: FrameAssembler
    private var frames = Deque<Bytes>()
    /// The error in the stream, which is reported after the frames before it.
    private var failure: TransportError?
    /// Whether bytes are delivered as they arrive, for protocols other than Kafka's. Set before the first read.
    var isUnframed = false

    init(limit: Int) {
        self.assembler = FrameAssembler(limit: limit)
    }

    enum Next {
        case frame(Bytes)
        case nothing
        case failure(TransportError)
    }

    /// Returns the next complete frame.
    func next() -> Next {
        if let frame = self.frames.popFirst() { return .frame(frame) }
        return self.failure.map { .failure($0) } ?? .nothing
    }

    /// Calls `body` with the buffer for the next bytes and splits what it received.
    func receive(_ body: (UnsafeMutableRawBufferPointer) -> ByteTransformOutcome) -> Received {
        let target = self.assembler.receiveBuffer()
        switch body(target) {
        case .done(0):
            return .end
        case .done(let count) where self.isUnframed:
            self.frames.append(Bytes(copying: UnsafeRawBufferPointer(rebasing: target[..<count])))
            return count < target.count ? .allThereIs : .perhapsMore
        case .done(let count):
            do throws(TransportError) {
                try self.assembler.received(count) { self.frames.append($0) }
            } catch {
                self.failure = error
            }
            return count < target.count ? .allThereIs : .perhapsMore
        case .wouldBlock:
            return .nothing
        case .failed(let error):
            return .failed(error)
        }
    }

    enum Received {
        case perhapsMore
        case allThereIs
        case nothing
        case end
        case failed(TransportError)
    }

    /// Reads bytes and discards them.
    func discard(_ body: (UnsafeMutableRawBufferPointer) -> ByteTransformOutcome) -> Received {
        self.frames = Deque()
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { target in
            switch body(target) {
            case .done(0): .end
            case .done(let count): count < target.count ? .allThereIs : .perhapsMore
            case .wouldBlock: .nothing
            case .failed(let error): .failed(error)
            }
        }
    }
}
