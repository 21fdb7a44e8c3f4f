// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

extension RecordBatch {
    /// Returns a copy with some of the records or with another compression, as a broker's log cleaner makes it.
    ///
    /// Offsets, timestamps and sequence numbers stay, so the batch has the same first and last offset, even if it has no
    /// records. For magic 2 only.
    ///
    /// - Parameters:
    ///   - compression: The compression of the copy, or nil for the same codec.
    ///   - isKept: Returns whether the copy has a record of the sequence.
    package func rewritten(
        compression: Compression? = nil, keeping isKept: (RecordView, RecordSequence) -> Bool = { _, _ in true }
    ) throws(RecordBatchError) -> RecordBatch {
        let records = try self.records()
        var kept: [(view: RecordView, headers: [RecordHeader], encoding: RecordEncoding)] = []
        var iterator = records.makeIterator()
        while let view = try iterator.next() {
            guard isKept(view, records) else { continue }
            let headers = records.headers(of: view)
            kept.append((view, headers, self.encoding(of: view, headers, in: records)))
        }
        let plain = ByteStorage(minimumCapacity: kept.reduce(0) { $0 + $1.encoding.size })
        var size = 0
        for (view, headers, encoding) in kept {
            encoding.write(
                key: records.key(of: view), value: records.value(of: view), headers: headers,
                timestampDelta: view.timestamp &- self.baseTimestamp, offsetDelta: view.offset - self.baseOffset,
                to: plain.base + size)
            size += encoding.size
        }
        let codec = compression?.codec ?? self.codec ?? .none
        let latest = kept.map(\.view.timestamp).max() ?? self.maxTimestamp
        do {
            return try self.batch(
                Self.compressed(
                    Bytes(storage: plain, offset: 0, count: size), by: kept.isEmpty ? .none : codec,
                    level: compression?.level),
                codec: kept.isEmpty ? .none : codec, count: kept.count,
                maxTimestamp: self.timestampType == .logAppendTime ? self.maxTimestamp : latest)
        } catch let error as CompressionError {
            throw RecordBatchError(.compression(error), baseOffset: self.baseOffset)
        } catch let error as RecordBatchError {
            throw error
        } catch {
            throw RecordBatchError(.malformed("\(error)"), baseOffset: self.baseOffset)
        }
    }

    private func encoding(
        of view: RecordView, _ headers: [RecordHeader], in records: RecordSequence
    ) -> RecordEncoding {
        RecordEncoding(
            key: records.key(of: view), value: records.value(of: view), headers: headers,
            timestampDelta: view.timestamp &- self.baseTimestamp, offsetDelta: view.offset - self.baseOffset)
    }

    private static func compressed(
        _ plain: Bytes, by codec: CompressionCodec, level: Int?
    ) throws(CompressionError) -> Bytes {
        guard let algorithm = try codec.algorithm() else { return plain }
        var output = CompressionBuffer(
            codec: codec, sizeHint: plain.count + plain.count / 6 + 1024, limit: Int(Int32.max) - RecordBatchHeader.size
        )
        try plain.withUnsafeBytes { (input) throws(CompressionError) in
            try algorithm.compress(input, level: level, into: &output)
        }
        return try output.finish()
    }

    /// Returns this batch with other records. The header keeps what it says about offsets and the producer.
    private func batch(
        _ records: Bytes, codec: CompressionCodec, count: Int, maxTimestamp: Int64
    ) throws(RecordBatchError) -> RecordBatch {
        let attributes = self.bytes.loadInteger(at: RecordBatchHeader.Offset.attributes, as: Int16.self)
        let fields = RecordBatchHeader.Fields(
            baseOffset: self.baseOffset, partitionLeaderEpoch: self.partitionLeaderEpoch,
            attributes: attributes & ~RecordBatchHeader.Attribute.codec | Int16(codec.rawValue),
            lastOffsetDelta: Int32(truncatingIfNeeded: self.lastOffset - self.baseOffset),
            baseTimestamp: self.baseTimestamp, maxTimestamp: maxTimestamp, producerID: self.producerID,
            producerEpoch: self.producerEpoch, baseSequence: self.baseSequence, count: Int32(truncatingIfNeeded: count))
        let storage = ByteStorage(minimumCapacity: RecordBatchHeader.size + records.count)
        records.withUnsafeBytes { source in
            fields.write(to: storage.base, records: source)
            UnsafeMutableRawBufferPointer(start: storage.base + RecordBatchHeader.size, count: source.count)
                .copyMemory(from: source)
        }
        return try RecordBatch(
            Bytes(storage: storage, offset: 0, count: RecordBatchHeader.size + records.count), magic: 2)
    }
}
