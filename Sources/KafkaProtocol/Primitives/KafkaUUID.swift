// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A 128-bit identifier, which Kafka uses for topics and share-group members.
///
/// The text form is Kafka's: URL-safe base64 without padding, 22 characters.
public struct KafkaUUID: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, in big-endian order.
    public var high: UInt64
    /// The last eight bytes, in big-endian order.
    public var low: UInt64

    /// Creates an identifier from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identifier with all bits zero, which stands for no identifier in Kafka.
    public static let zero = KafkaUUID(high: 0, low: 0)

    /// Returns an identifier as Kafka makes them: a UUID of version 4 whose text doesn't begin with a dash.
    package static func random(using generator: inout some RandomNumberGenerator) -> KafkaUUID {
        var high = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000
        while high >> 58 == 62 { high = generator.next() & 0xffff_ffff_ffff_0fff | 0x4000 }
        return KafkaUUID(high: high, low: generator.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Creates an identifier from Kafka's text form, or returns nil if `text` isn't 22 characters of URL-safe base64.
    public init?(_ text: String) {
        guard text.utf8.count == 22 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, character) in text.utf8.enumerated() {
            guard let digit = Self.alphabet.firstIndex(of: character) else { return nil }
            // 22 characters have 132 bits, so the last four must be zero.
            if index == 21 {
                guard digit & 0x0f == 0 else { return nil }
                high = high << 2 | low >> 62
                low = low << 2 | UInt64(digit >> 4)
            } else {
                high = high << 6 | low >> 58
                low = low << 6 | UInt64(digit)
            }
        }
        self.init(high: high, low: low)
    }

    /// Kafka's text form of the identifier.
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(22)
        for index in 0..<21 {
            let shift = 122 - 6 * index
            let digit: UInt64
            if shift >= 64 {
                digit = self.high >> UInt64(shift - 64)
            } else if shift > 58 {
                digit = self.high << UInt64(64 - shift) | self.low >> UInt64(shift)
            } else {
                digit = self.low >> UInt64(shift)
            }
            text.append(Self.alphabet[Int(digit & 0x3f)])
        }
        text.append(Self.alphabet[Int(self.low & 0x03) << 4])
        return String(decoding: text, as: UTF8.self)
    }
}
