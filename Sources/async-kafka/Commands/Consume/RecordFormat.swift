// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The form in which a record is written.
enum RecordFormat: Sendable {
    case lines(hasColours: Bool)
    case json
    case csv
    case template(RecordTemplate)
    case raw

    init(_ format: Output.Format, template: RecordTemplate?, isRaw: Bool) throws(UsageError) {
        if isRaw, template != nil { throw UsageError("--raw and --format are two forms of a record") }
        if isRaw || template != nil, format != .table {
            throw UsageError(
                "--output \(format.rawValue) and \(isRaw ? "--raw" : "--format") are two forms of a record")
        }
        if isRaw {
            self = .raw
        } else if let template {
            self = .template(template)
        } else {
            switch format {
            case .table: self = .lines(hasColours: Terminal.hasColours(STDOUT_FILENO))
            case .json: self = .json
            case .csv: self = .csv
            }
        }
    }

    /// What stands above the first record.
    var heading: [UInt8] {
        guard case .csv = self else { return [] }
        return Array("topic,partition,offset,timestamp,key,value,headers\n".utf8)
    }

    func append(_ record: ConsumerRecord, to output: inout [UInt8]) {
        switch self {
        case .lines(let hasColours): output += Array(Self.line(record, hasColours).utf8)
        case .json:
            output += Array(JSONValue(record).description.utf8)
            output.append(UInt8(ascii: "\n"))
        case .csv:
            let fields = [
                record.topic, "\(record.partition)", "\(record.offset)", Moment.text(record.timestamp),
                record.key?.textOrHex ?? "", record.value?.textOrHex ?? "", Self.text(record.headers),
            ]
            output += Array((fields.map(\.csv).joined(separator: ",") + "\n").utf8)
        case .template(let template): template.append(record, to: &output)
        case .raw: record.value.map { output += $0 }
        }
    }

    private static func line(_ record: ConsumerRecord, _ hasColours: Bool) -> String {
        let place = "\(Moment.text(record.timestamp))  \(record.topic)/\(record.partition)@\(record.offset)"
        var line = hasColours ? "\u{1b}[2m\(place)\u{1b}[0m" : place
        line += "  " + (record.key?.textOrHex.onOneLine ?? "-")
        line += "  " + (record.value?.textOrHex.onOneLine ?? "(null)")
        if !record.headers.isEmpty { line += "  [\(Self.text(record.headers).onOneLine)]" }
        return line + "\n"
    }

    /// The headers as `name=value,name=value`.
    static func text(_ headers: [RecordHeader]) -> String {
        headers.map { "\($0.key)=\($0.value?.textOrHex ?? "")" }.joined(separator: ",")
    }
}

extension JSONValue {
    /// The object that `consume` writes and `produce` reads. Bytes that are no text are in Base64, under another name.
    init(_ record: ConsumerRecord) {
        var members = [
            Member(name: "topic", value: .text(record.topic)),
            Member(name: "partition", value: JSONValue(record.partition)),
            Member(name: "offset", value: JSONValue(record.offset)),
            // -1 stands for none in Kafka.
            Member(
                name: "timestamp",
                value: record.timestamp.millisecondsSince1970 < 0 ? .null : .text(Moment.text(record.timestamp))),
            Member("key", record.key), Member("value", record.value),
        ]
        if !record.headers.isEmpty {
            let headers = record.headers.map { header in
                JSONValue.object([Member(name: "name", value: .text(header.key)), Member("value", header.value)])
            }
            members.append(Member(name: "headers", value: .array(headers)))
        }
        self = .object(members)
    }
}

extension JSONValue.Member {
    fileprivate init(_ name: String, _ bytes: Bytes?) {
        guard let bytes else {
            self.init(name: name, value: .null)
            return
        }
        if let text = String(bytes) {
            self.init(name: name, value: .text(text))
        } else {
            self.init(name: name + "Base64", value: .text(Data(bytes).base64EncodedString()))
        }
    }
}
