// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A channel's read side: cuts frames, and keeps those that may not be handed out yet.
///
/// `@unchecked Sendable`, since it is touched on the loop's thread only.
final class FrameInbox: @unchecked Sendable {
    private var assembler: FrameAssembler
    private var frames = Deque<Bytes>()
    /// What the stream turned out to be, to be told after the frames before it.
    private var failure: TransportError?
    /// Hands out bytes as they come, which is no frame's length: for protocols that are not Kafka's. Set before anything is
    /// received.
    var isUnframed = false

    init(limit: Int) {
        self.assembler = FrameAssembler(limit: limit)
    }

    enum Next {
        case frame(Bytes)
        case nothing
        case failure(TransportError)
    }

    /// The next frame that is whole.
    func next() -> Next {
        if let frame = self.frames.popFirst() { return .frame(frame) }
        return self.failure.map { .failure($0) } ?? .nothing
    }

    /// Lends the buffer that the next bytes go to, and cuts what was put there.
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

    /// Reads and forgets.
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
