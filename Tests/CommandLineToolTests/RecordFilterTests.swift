// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Testing

@testable import async_kafka

struct RecordFilterTests {
    private func record(
        key: String? = "17", value: String?, headers: [RecordHeader] = []
    ) throws -> ConsumerRecord {
        try ConsumerRecord(
            storing: ProducerRecord(
                topic: "t", key: key.map { Bytes($0) }, value: value.map { Bytes($0) }, headers: headers,
                timestamp: Timestamp(millisecondsSince1970: 1_795_651_200_006)), partition: 3, offset: 42)
    }

    @Test(arguments: [
        ("key=17", true), ("key!=17", false), ("key~^1", true), ("key>16", true), ("key<17", false),
        ("value~berl", true),
        ("partition=3", true), ("partition>2", true), (".amount>100", true), (".amount>200", false),
        (".amount=120", true),
        (".city.name=berlin", true), (".city.name!=berlin", false), (".tags.1=b", true), (".tags.9=b", false),
        (".nothing=x", false), (".nothing!=x", true), (".city=x", false), ("header.source=web", true),
        ("header.source=app", true), ("header.source=x", false), ("header.other=web", false), (".flag=true", true),
    ])
    func conditionsCompareFields(text: String, isMet: Bool) throws {
        let record = try self.record(
            value: #"{"amount":120,"city":{"name":"berlin"},"tags":["a","b"],"flag":true}"#,
            headers: [RecordHeader("source", Bytes("web")), RecordHeader("source", Bytes("app"))])
        let filter = RecordFilter(grep: nil, conditions: [try RecordFilter.Condition(text)])
        #expect(filter.matches(record) == isMet)
    }

    @Test func aValueThatIsNoJSONHasNoFields() throws {
        let condition = try RecordFilter.Condition(".amount=1")
        #expect(!condition.isMet(by: try self.record(value: "amount=1")))
        #expect(!condition.isMet(by: try self.record(value: nil)))
    }

    @Test(arguments: [
        (".amount >= 100", [100, 101]), (".amount>=100", [100, 101]), (".amount <= 100", [99, 100]),
        (".amount = 99", [99]),
        ("  .amount != 99 ", [100, 101]),
    ])
    func conditionsMayHaveSpacesAndBounds(text: String, amounts: [Int]) throws {
        let condition = try RecordFilter.Condition(text)
        let met = try [99, 100, 101].filter { condition.isMet(by: try self.record(value: "{\"amount\":\($0)}")) }
        #expect(met == amounts)
    }

    @Test func allConditionsMustBeMet() throws {
        let conditions = try [RecordFilter.Condition("key=17"), RecordFilter.Condition("value=x")]
        #expect(!RecordFilter(grep: nil, conditions: conditions).matches(try self.record(value: "y")))
        #expect(RecordFilter(grep: nil, conditions: conditions).matches(try self.record(value: "x")))
    }

    @Test func grepLooksIntoKeysAndValues() throws {
        let filter = RecordFilter(grep: WrittenRegex("b.r"), conditions: [])
        #expect(filter.matches(try self.record(value: "a bar")))
        #expect(filter.matches(try self.record(key: "bor", value: nil)))
        #expect(!filter.matches(try self.record(value: "foo")))
    }

    @Test(arguments: ["", "key", "colour=red", "header.=x", ".=x", "key>much", "key~("])
    func wrongConditionsAreExplained(text: String) {
        #expect(throws: UsageError.self) { try RecordFilter.Condition(text) }
    }

    @Test func templatesHaveAllFields() throws {
        let record = try self.record(value: "paid", headers: [RecordHeader("a", Bytes("b")), RecordHeader("n", nil)])
        var output: [UInt8] = []
        try RecordTemplate("%t/%p@%o %T %D %k=%v [%h] %K %V %%\\n").append(record, to: &output)
        #expect(
            String(decoding: output, as: UTF8.self)
                == "t/3@42 1795651200006 2026-11-26T00:00:00.006Z 17=paid [a=b,n=] 2 4 %\n")
    }

    @Test(arguments: ["%", "%x", "\\", "\\q"])
    func wrongTemplatesAreExplained(text: String) {
        #expect(throws: UsageError.self) { try RecordTemplate(text) }
    }

    @Test func newestRecordsAreTheLastByTime() throws {
        func record(_ partition: Int32, _ offset: Int64, _ time: Int64) throws -> ConsumerRecord {
            try ConsumerRecord(
                storing: ProducerRecord(
                    topic: "t", value: Bytes("v"), timestamp: Timestamp(millisecondsSince1970: time)),
                partition: partition, offset: offset)
        }
        var newest = NewestRecords(count: 3)
        newest.add([try record(0, 0, 10), try record(0, 1, 40), try record(0, 2, 30)])
        newest.add([try record(1, 0, 20), try record(1, 1, 35)])
        #expect(newest.sorted.map(\.timestamp.millisecondsSince1970).sorted() == [30, 35, 40])
    }
}
