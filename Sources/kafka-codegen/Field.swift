// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A field of a structure in the generated code.
struct Field {
    var name: String
    var type: FieldType
    /// The versions that have the field, among those in which its structure occurs.
    var versions: VersionRange
    var nullableVersions: VersionRange
    var tag: UInt32?
    var isIgnorable: Bool
    var isErrorCode: Bool
    /// The versions in which the field's lengths are compact.
    var flexibleVersions: VersionRange
    var defaultText: String

    init(_ definition: FieldDefinition, in context: VersionRange, flexible: VersionRange) throws {
        self.name = lowerCamelCase(definition.name)
        self.type = definition.type
        self.versions = definition.versions.intersection(context)
        self.nullableVersions = (definition.nullableVersions ?? .none).intersection(self.versions)
        self.tag = definition.taggedVersions == nil ? nil : definition.tag
        self.isIgnorable = definition.ignorable ?? false
        self.isErrorCode = definition.type == .int16 && definition.name.hasSuffix("ErrorCode")
        self.flexibleVersions = (definition.flexibleVersions ?? flexible).intersection(context)
        self.defaultText = definition.defaultValue?.text ?? ""
        if let tagged = definition.taggedVersions {
            guard tagged == definition.versions, definition.tag != nil else {
                throw CodegenError("\(definition.name) is tagged in only some of its versions")
            }
        }
        if case .structure = self.type, self.tag != nil, self.isNullable {
            throw CodegenError("\(definition.name) is a nullable tagged structure")
        }
    }

    var isNullable: Bool { !self.nullableVersions.isEmpty || self.type == .records }

    /// The name for declarations, in backticks if it is a keyword.
    var declaredName: String {
        ["protocol", "operator", "default", "repeat", "in", "is", "as", "where", "self", "init"].contains(self.name)
            ? "`\(self.name)`" : self.name
    }

    var swiftType: String {
        (self.isErrorCode ? "ErrorCode" : self.type.swiftName) + (self.isNullable ? "?" : "")
    }

    var isNullByDefault: Bool { self.type == .records || self.isNullable && self.defaultText == "null" }

    /// The expression for the initial value.
    var defaultValue: String {
        if self.isNullByDefault { return "nil" }
        switch self.type {
        case .bool: return self.defaultText == "true" ? "true" : "false"
        case .int8, .int16, .uint16, .int32, .uint32, .int64:
            if self.isErrorCode { return self.number == 0 ? ".none" : "ErrorCode(rawValue: \(self.number))" }
            return self.numberLiteral
        case .float64: return self.defaultText.isEmpty ? "0" : self.defaultText
        case .uuid: return ".zero"
        case .string: return "\"\(self.defaultText)\""
        case .bytes: return "Bytes()"
        case .records: return "nil"
        case .structure(let name): return "\(name)()"
        case .array: return "[]"
        }
    }

    /// The Swift condition that the value differs from the default.
    var differsFromDefault: String {
        let value = "self.\(self.name)"
        if self.isNullByDefault { return "\(value) != nil" }
        switch self.type {
        case .bool: return self.defaultText == "true" ? "!\(value)" : value
        case .string where !self.defaultText.isEmpty: return "\(value) != \"\(self.defaultText)\""
        case .string, .bytes, .array: return self.isNullable ? "\(value)?.isEmpty != true" : "!\(value).isEmpty"
        case .structure: return self.isNullable ? "\(value)?.isDefault != true" : "!\(value).isDefault"
        default: return "\(value) != \(self.defaultValue)"
        }
    }

    private var number: Int64 {
        if self.defaultText.hasPrefix("0x") { return Int64(self.defaultText.dropFirst(2), radix: 16) ?? 0 }
        return Int64(self.defaultText) ?? 0
    }

    private var numberLiteral: String {
        switch self.number {
        case Int64(Int32.max): ".max"
        case Int64(Int32.min): ".min"
        case .max: ".max"
        default: "\(self.number)"
        }
    }
}

extension FieldType {
    var swiftName: String {
        switch self {
        case .bool: "Bool"
        case .int8: "Int8"
        case .int16: "Int16"
        case .uint16: "UInt16"
        case .int32: "Int32"
        case .uint32: "UInt32"
        case .int64: "Int64"
        case .float64: "Double"
        case .uuid: "KafkaUUID"
        case .string: "String"
        case .bytes: "Bytes"
        case .records: "[Bytes]"
        case .structure(let name): name
        case .array(let element): "[\(element.swiftName)]"
        }
    }

    /// The name of the structure that the type or its innermost element is, if any.
    var structureName: String? {
        switch self {
        case .structure(let name): name
        case .array(let element): element.structureName
        default: nil
        }
    }
}

func lowerCamelCase(_ name: String) -> String {
    name.prefix(1).lowercased() + name.dropFirst()
}

/// An error in the definitions or the arguments.
struct CodegenError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
