// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

@testable import async_kafka

struct MomentTests {
    @Test(
        arguments: [
            ("2026-11-26", Int64(1_795_651_200_000)), ("2026-11-26T10:00", 1_795_687_200_000),
            ("2026-11-26T10:00:01", 1_795_687_201_000), ("2026-11-26T10:00:01.250Z", 1_795_687_201_250),
            ("2026-11-26T10:00+02:00", 1_795_680_000_000), ("2026-11-26T10:00:00-01:30", 1_795_692_600_000),
            ("@17", 17), ("1h", 1_000_000_000_000 - 3_600_000), ("1m30s", 1_000_000_000_000 - 90_000),
        ] as [(String, Int64)])
    func timesAreReadInAllForms(text: String, milliseconds: Int64) {
        let now = Timestamp(millisecondsSince1970: 1_000_000_000_000)
        #expect(Moment.parse(text, now: now)?.millisecondsSince1970 == milliseconds)
    }

    @Test(arguments: [
        "", "soon", "2026-13-01", "2026-11-26T", "2026-11-26T25:00", "10:00", "@x", "99999999999999999d", "T",
        "2026-02-30",
        "2026-04-31T10:00", "@-5", "9999999d", "1969-12-31",
    ])
    func otherTextIsNoTime(text: String) {
        #expect(Moment.parse(text) == nil)
    }

    @Test(
        arguments: [
            0, 1, 999, 951_782_399_999, 951_782_400_000, 1_709_251_200_000, 1_795_651_200_346, 4_107_542_399_999,
        ]
            as [Int64])
    func noMillisecondIsLost(milliseconds: Int64) {
        let timestamp = Timestamp(millisecondsSince1970: milliseconds)
        #expect(Moment.parse(Moment.text(timestamp)) == timestamp)
    }

    @Test func timesAreWrittenWithMilliseconds() {
        let texts: [(Int64, String)] = [
            (1_795_651_200_006, "2026-11-26T00:00:00.006Z"), (951_825_600_000, "2000-02-29T12:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "10000-01-01T00:00:00.000Z"), (.max, "292278994-08-17T07:12:55.807Z"),
        ]
        for (milliseconds, text) in texts {
            #expect(Moment.text(Timestamp(millisecondsSince1970: milliseconds)) == text)
        }
    }
}

struct LogPositionTests {
    @Test func positionsAreReadInAllForms() {
        #expect(LogPosition(written: "beginning") == .beginning)
        #expect(LogPosition(written: "latest") == .end)
        #expect(LogPosition(written: "42") == .offset(42))
        #expect(LogPosition(written: "-10") == .beforeEnd(10))
        #expect(LogPosition(written: "@5") == .time(Timestamp(millisecondsSince1970: 5)))
        #expect(LogPosition(written: "whenever") == nil)
        #expect(LogPosition(written: "-9223372036854775808") == nil)
    }
}

struct BytesTextTests {
    @Test func bytesAreTextOrHexadecimal() {
        #expect(Bytes("paid\n").textOrHex == "paid\n")
        #expect(Bytes([0, 1, 255]).textOrHex == "0x0001ff")
        #expect(Bytes([0x1b, 0x5b]).textOrHex == "0x1b5b", "an escape sequence isn't readable")
    }
}
