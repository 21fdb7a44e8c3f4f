// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The definition of a message, as in `Definitions/*.json`.
struct MessageDefinition: Decodable {
    enum Kind: String, Decodable {
        case request, response, header, data
    }

    var type: Kind
    var name: String
    var apiKey: Int16?
    var validVersions: VersionRange
    var flexibleVersions: VersionRange
    var latestVersionUnstable: Bool?
    var fields: [FieldDefinition]
    var commonStructs: [StructDefinition]?

    /// The API's name: the message's name without "Request" or "Response".
    var apiName: String {
        switch self.type {
        case .request: String(self.name.dropLast("Request".count))
        case .response: String(self.name.dropLast("Response".count))
        case .header, .data: self.name
        }
    }
}

/// The definition of a structure that several fields of a message share.
struct StructDefinition: Decodable {
    var name: String
    var versions: VersionRange
    var fields: [FieldDefinition]
}

/// The definition of a field.
struct FieldDefinition: Decodable {
    var name: String
    var type: FieldType
    var versions: VersionRange
    var nullableVersions: VersionRange?
    var taggedVersions: VersionRange?
    var tag: UInt32?
    var flexibleVersions: VersionRange?
    var ignorable: Bool?
    var defaultValue: DefaultValue?
    var fields: [FieldDefinition]?

    enum CodingKeys: String, CodingKey {
        case name, type, versions, nullableVersions, taggedVersions, tag, flexibleVersions, ignorable, fields
        case defaultValue = "default"
    }
}

/// The default of a field, which the definitions write as a string, a number or a Boolean.
struct DefaultValue: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self.text = "\(flag)"
        } else if let number = try? container.decode(Int64.self) {
            self.text = "\(number)"
        } else {
            self.text = try container.decode(String.self)
        }
    }
}

/// The type of a field.
indirect enum FieldType: Decodable, Equatable {
    case bool, int8, int16, uint16, int32, uint32, int64, float64, uuid, string, bytes, records
    case structure(String)
    case array(FieldType)

    init?(_ text: String) {
        if text.hasPrefix("[]") {
            guard let element = FieldType(String(text.dropFirst(2))) else { return nil }
            self = .array(element)
            return
        }
        switch text {
        case "bool": self = .bool
        case "int8": self = .int8
        case "int16": self = .int16
        case "uint16": self = .uint16
        case "int32": self = .int32
        case "uint32": self = .uint32
        case "int64": self = .int64
        case "float64": self = .float64
        case "uuid": self = .uuid
        case "string": self = .string
        case "bytes": self = .bytes
        case "records": self = .records
        default:
            guard let first = text.first, first.isUppercase else { return nil }
            self = .structure(text)
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let type = FieldType(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a type: \(text)")
        }
        self = type
    }
}
