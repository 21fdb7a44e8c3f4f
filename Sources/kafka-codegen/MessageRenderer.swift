// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Writes the Swift type of a message and the structures nested in it.
struct MessageRenderer {
    var message: MessageDefinition
    var structures: [Structure]
    var comments: Comments

    init(_ message: MessageDefinition, comments: Comments) throws {
        self.message = message
        self.structures = try Structure.all(of: message)
        self.comments = comments
    }

    private var summary: String {
        get throws {
            switch self.message.type {
            case .request:
                let purpose = try self.comments.text(for: self.message.apiName)
                return "The \(self.message.apiName) request (API \(self.message.apiKey ?? -1)), which \(purpose)."
            case .response: return "The response to `\(self.message.apiName)Request`."
            case .header, .data: return try self.comments.text(for: self.message.name)
            }
        }
    }

    /// Says which fields have the structure as their type or their elements' type.
    private func summary(of structure: Structure) -> String {
        let users = self.structures.flatMap(\.fields).filter { $0.type.structureName == structure.name }
        var names: [String] = []
        for field in users where !names.contains("`\(field.name)`") { names.append("`\(field.name)`") }
        var list = names.joined(separator: ", ")
        if names.count > 1, let last = names.popLast() { list = "\(names.joined(separator: ", ")) or \(last)" }
        let isElement = users.contains { if case .array = $0.type { true } else { false } }
        return "\(isElement ? "An element" : "The value") of \(list)."
    }

    var usesBytes: Bool {
        self.structures.flatMap(\.fields).contains { $0.type == .bytes || $0.type == .records }
    }

    func render(into source: inout SourceText, latestVersionUnstable: Bool) throws {
        let valid = self.message.validVersions
        let conformance =
            switch self.message.type {
            case .request: "KafkaRequest"
            case .response: "KafkaResponse"
            case .header, .data: "KafkaMessage"
            }
        source.comment(try self.summary)
        try source.block("package struct \(self.message.name): \(conformance)") { source in
            if self.message.type == .request {
                source.line("package typealias Response = \(self.message.apiName)Response")
                source.line("")
            }
            if self.message.apiKey != nil {
                source.line("package static var apiKey: APIKey { .\(lowerCamelCase(self.message.apiName)) }")
            }
            source.line("package static var validVersions: ClosedRange<Int16> { \(valid.lowest)...\(valid.highest) }")
            if latestVersionUnstable {
                source.line("package static var latestStableVersion: Int16 { \(valid.highest - 1) }")
            }
            let flexible = self.message.flexibleVersions
            let first = flexible.isEmpty ? "nil" : "\(flexible.lowest)"
            source.line("package static var firstFlexibleVersion: Int16? { \(first) }")
            source.line("")
            for (index, structure) in self.structures.enumerated() {
                let comment = { (field: Field) in
                    try self.comments.text(for: field, of: structure, in: self.message)
                }
                if index == 0 {
                    try StructureRenderer(structure, isMessage: true).renderMembers(into: &source, comment: comment)
                } else {
                    source.line("")
                    source.comment(self.summary(of: structure))
                    try source.block("package struct \(structure.name): Sendable") { source in
                        try StructureRenderer(structure, isMessage: false)
                            .renderMembers(into: &source, comment: comment)
                    }
                }
            }
        }
    }
}

/// Writes the members of one structure: its fields, its decoder and its encoder.
struct StructureRenderer {
    var structure: Structure
    var isMessage: Bool

    init(_ structure: Structure, isMessage: Bool) {
        self.structure = structure
        self.isMessage = isMessage
    }

    private var context: VersionRange { self.structure.context }
    private var isEverFlexible: Bool { !self.structure.flexibleVersions.isEmpty }
    private var plainFields: [Field] { self.structure.fields.filter { $0.tag == nil } }
    private var taggedFields: [Field] {
        self.structure.fields.filter { $0.tag != nil }.sorted { ($0.tag ?? 0) < ($1.tag ?? 0) }
    }

    func renderMembers(into source: inout SourceText, comment: (Field) throws -> String) throws {
        for field in self.structure.fields {
            var text = try comment(field)
            if !field.versions.covers(self.context) {
                text += " \(field.versions.sentence(in: self.context))"
            }
            if field.type != .records, field.isNullable, !field.nullableVersions.covers(field.versions) {
                text += " Nullable in \(field.nullableVersions.phrase(in: self.context))."
            }
            source.comment(text)
            source.line("package var \(field.declaredName): \(field.swiftType) = \(field.defaultValue)")
        }
        if self.isEverFlexible {
            source.comment("The tagged fields that this library doesn't know, kept so that they can be written again.")
            source.line("package var unknownTaggedFields: [TaggedField] = []")
        }
        if !self.structure.fields.isEmpty || self.isEverFlexible { source.line("") }
        source.line("package init() {}")
        source.line("")
        self.renderReading(into: &source)
        source.line("")
        self.renderWriting(into: &source)
        if self.structure.needsIsDefault {
            source.line("")
            self.renderIsDefault(into: &source)
        }
    }

    private func renderIsDefault(into source: inout SourceText) {
        source.comment("Whether all fields have their defaults, so that a field of this type can be left out.")
        source.block("package var isDefault: Bool") { source in
            for field in self.structure.fields {
                source.line("if \(field.differsFromDefault) { return false }")
            }
            source.line(self.isEverFlexible ? "return self.unknownTaggedFields.isEmpty" : "return true")
        }
    }

    /// The untagged fields, with neighbors that are in the same versions grouped together.
    private var runs: [(condition: String?, fields: [Field])] {
        var runs: [(condition: String?, fields: [Field])] = []
        for field in self.plainFields {
            let condition = field.versions.condition(in: self.context)
            if let last = runs.indices.last, runs[last].condition == condition {
                runs[last].fields.append(field)
            } else {
                runs.append((condition, [field]))
            }
        }
        return runs
    }

    /// Returns the expression for whether the lengths in `field` are compact.
    private func flexible(_ field: Field) -> String {
        if field.flexibleVersions.isEmpty { return "false" }
        return field.flexibleVersions.covers(self.context) ? "true" : "flexible"
    }

    /// Declares the constant `flexible` if a field uses it.
    private func renderFlexible(into source: inout SourceText) {
        let isAsked = self.plainFields.contains { $0.type.hasLength && self.flexible($0) == "flexible" }
        guard let condition = self.structure.flexibleVersions.condition(in: self.context), self.isEverFlexible,
            isAsked
        else { return }
        source.line("let flexible = \(condition)")
    }

    private var flexibleCondition: String? { self.structure.flexibleVersions.condition(in: self.context) }

    private func renderVersionCheck(into source: inout SourceText) {
        guard self.isMessage else { return }
        source.block("guard Self.validVersions.contains(version) else") { source in
            source.line("throw .unsupportedVersion(message: \"\(self.structure.name)\", version: version)")
        }
    }

    // MARK: Reading

    private func renderReading(into source: inout SourceText) {
        source.block("package init(from reader: inout ByteReader, version: Int16) throws(ProtocolError)") { source in
            self.renderVersionCheck(into: &source)
            self.renderFlexible(into: &source)
            for run in self.runs {
                source.block(run.condition.map { "if \($0)" }) { source in
                    for field in run.fields {
                        self.renderRead(field, from: "reader", flexible: self.flexible(field), into: &source)
                    }
                }
            }
            guard self.isEverFlexible else { return }
            source.block(self.flexibleCondition.map { "if \($0)" }) { source in
                if self.taggedFields.isEmpty {
                    source.line("self.unknownTaggedFields = try reader.readTaggedFields()")
                } else {
                    self.renderTaggedRead(into: &source)
                }
            }
        }
    }

    private func renderTaggedRead(into source: inout SourceText) {
        source.line("let tagCount = try reader.readUnsignedVarint()")
        source.block("for _ in 0..<tagCount") { source in
            source.line("let tagged = try reader.readTaggedField()")
            source.line("var value = ByteReader(tagged.data)")
            source.line("switch tagged.tag {")
            for field in self.taggedFields {
                let condition = field.versions.condition(in: self.structure.flexibleVersions)
                source.line("case \(field.tag ?? 0)\(condition.map { " where \($0)" } ?? ""):")
                source.indented { source in
                    if case .array = field.type { source.line("self.\(field.name) = []") }
                    self.renderRead(field, from: "value", flexible: "true", into: &source)
                    source.line("try value.finish()")
                }
            }
            source.line("default: self.unknownTaggedFields.append(tagged)")
            source.line("}")
        }
    }

    /// Returns the error code that is decoded before `field`, if there is one.
    ///
    /// Some brokers send null beside an error where it isn't allowed, so the decoder takes it as empty there.
    private func errorCode(before field: Field) -> String? {
        let before = self.plainFields.prefix { $0.name != field.name }
        return field.tag == nil ? before.first(where: \.isErrorCode).map { "self.\($0.name)" } : nil
    }

    private func renderRead(_ field: Field, from reader: String, flexible: String, into source: inout SourceText) {
        let target = "self.\(field.name)"
        let errorCode = self.errorCode(before: field)
        let beside = errorCode.map { ", beside: \($0)" } ?? ""
        let notNullable = field.nullableVersions.negatedCondition(in: field.versions)
        switch field.type {
        case .string, .bytes:
            let kind = field.type == .string ? "String" : "Bytes"
            if field.isNullable {
                source.line("\(target) = try \(reader).readNullable\(kind)(flexible: \(flexible))")
                if let notNullable {
                    source.block("if \(target) == nil, \(notNullable)") { source in
                        self.renderRefusal(ofNullIn: field, beside: errorCode, into: &source)
                    }
                }
            } else {
                source.call(
                    "\(target) = try \(reader).read\(kind)", "\"\(field.name)\", flexible: \(flexible)\(beside)")
            }
        case .records:
            source.line("\(target) = try \(reader).readRecords(flexible: \(flexible))")
        case .structure(let name):
            let value = "try \(name)(from: &\(reader), version: version)"
            guard field.isNullable else { return source.line("\(target) = \(value)") }
            if notNullable != nil {
                // No message has such a field, and its encoding would depend on the version.
                preconditionFailure("\(field.name) is a structure that is nullable in only some versions")
            }
            source.block("if try \(reader).readIsPresent()") { $0.line("\(target) = \(value)") }
            if !field.isNullByDefault { source.elseBlock { $0.line("\(target) = nil") } }
        case .array(let element):
            let read = self.readElement(element, from: reader, flexible: flexible)
            guard field.isNullable else {
                source.loop(
                    field.name, "\(reader).readArrayCount", "\"\(field.name)\", flexible: \(flexible)\(beside)"
                ) { $0.line("\(target).append(\(read))") }
                return
            }
            source.block("if let count = try \(reader).readNullableArrayCount(flexible: \(flexible))") { source in
                source.line("var elements: \(field.type.swiftName) = []")
                source.short("for _ in 0..<count", "elements.append(\(read))")
                source.line("\(target) = elements")
            }
            if let notNullable {
                source.elseBlock("else if \(notNullable)") { source in
                    self.renderRefusal(ofNullIn: field, beside: errorCode, into: &source)
                }
            }
            source.elseBlock { source in source.line("\(target) = nil") }
        default:
            source.line("\(target) = \(self.readElement(field.type, from: reader, flexible: flexible, field: field))")
        }
    }

    /// Writes the statements for a null in a version in which `field` isn't nullable.
    private func renderRefusal(ofNullIn field: Field, beside errorCode: String?, into source: inout SourceText) {
        let refusal = "throw .unexpectedNull(field: \"\(field.name)\")"
        guard let errorCode else { return source.line(refusal) }
        source.line("guard \(errorCode) != .none else { \(refusal) }")
        source.line("self.\(field.name) = \(field.type == .string ? "\"\"" : "[]")")
    }

    private func readElement(
        _ type: FieldType, from reader: String, flexible: String, field: Field? = nil
    ) -> String {
        switch type {
        case .string: return "try \(reader).readString(\"element\", flexible: \(flexible))"
        case .bytes: return "try \(reader).readBytes(\"element\", flexible: \(flexible))"
        case .structure(let name): return "try \(name)(from: &\(reader), version: version)"
        default:
            let read = "try \(reader).read\(type.primitiveName)()"
            return field?.isErrorCode == true ? "ErrorCode(rawValue: \(read))" : read
        }
    }

    // MARK: Writing

    private func renderWriting(into source: inout SourceText) {
        source.block("package func encode(into writer: inout ByteWriter, version: Int16) throws(ProtocolError)") {
            source in
            self.renderVersionCheck(into: &source)
            self.renderFlexible(into: &source)
            for run in self.runs {
                source.block(run.condition.map { "if \($0)" }) { source in
                    for field in run.fields {
                        self.renderWrite(field, to: "writer", flexible: self.flexible(field), into: &source)
                    }
                }
                guard run.condition != nil else { continue }
                for field in run.fields where !field.isIgnorable {
                    source.elseBlock("else if \(field.differsFromDefault)") { source in
                        source.line("throw .fieldNotInVersion(field: \"\(field.name)\", version: version)")
                    }
                }
            }
            guard self.isEverFlexible else { return }
            for field in self.taggedFields where !field.isIgnorable {
                guard let missing = field.versions.negatedCondition(in: self.context) else { continue }
                source.block("if \(missing), \(field.differsFromDefault)") { source in
                    source.line("throw .fieldNotInVersion(field: \"\(field.name)\", version: version)")
                }
            }
            source.block(self.flexibleCondition.map { "if \($0)" }) { source in
                if self.taggedFields.isEmpty {
                    source.line("try writer.writeTaggedFields(self.unknownTaggedFields)")
                } else {
                    self.renderTaggedWrite(into: &source)
                }
            }
            if self.flexibleCondition != nil {
                source.elseBlock("else if !self.unknownTaggedFields.isEmpty") { source in
                    source.line("throw .fieldNotInVersion(field: \"unknownTaggedFields\", version: version)")
                }
            }
        }
    }

    private func renderTaggedWrite(into source: inout SourceText) {
        source.line("var tagged = self.unknownTaggedFields")
        for field in self.taggedFields {
            let condition = field.versions.condition(in: self.structure.flexibleVersions)
            source.block("if \(condition.map { "\($0), " } ?? "")\(field.differsFromDefault)") { source in
                source.line("var value = ByteWriter(capacity: 64)")
                self.renderWrite(field, to: "value", flexible: "true", into: &source)
                source.line("tagged.append(TaggedField(tag: \(field.tag ?? 0), data: value.finishContiguous()))")
            }
        }
        source.line("try writer.writeTaggedFields(tagged)")
    }

    private func renderWrite(_ field: Field, to writer: String, flexible: String, into source: inout SourceText) {
        let value = "self.\(field.name)"
        let notNullable = field.nullableVersions.negatedCondition(in: field.versions)
        if field.isNullable, let notNullable, field.type != .records {
            source.short("if \(value) == nil, \(notNullable)", "throw .unexpectedNull(field: \"\(field.name)\")")
        }
        switch field.type {
        case .records:
            source.line("try \(writer).writeRecords(\(value), flexible: \(flexible))")
        case .structure where field.isNullable:
            source.line("\(writer).writeInt8(\(value) == nil ? -1 : 1)")
            source.line("try \(value)?.encode(into: &\(writer), version: version)")
        case .array(let element):
            let optional = field.isNullable ? "?" : ""
            source.line("try \(writer).writeNullableArrayCount(\(value)\(optional).count, flexible: \(flexible))")
            let write = self.writeElement(element, "element", to: writer, flexible: flexible)
            source.short("for element in \(value)\(field.isNullable ? " ?? []" : "")", write)
        default:
            let raw = field.isErrorCode ? "\(value).rawValue" : value
            source.line(self.writeElement(field.type, raw, to: writer, flexible: flexible))
        }
    }

    private func writeElement(_ type: FieldType, _ value: String, to writer: String, flexible: String) -> String {
        switch type {
        case .string: "try \(writer).writeNullableString(\(value), flexible: \(flexible))"
        case .bytes: "try \(writer).writeNullableBytes(\(value), flexible: \(flexible))"
        case .structure: "try \(value).encode(into: &\(writer), version: version)"
        default: "\(writer).write\(type.primitiveName)(\(value))"
        }
    }
}

extension FieldType {
    /// Whether the encoded value begins with a length or a number of elements.
    var hasLength: Bool {
        switch self {
        case .string, .bytes, .records, .array: true
        default: false
        }
    }

    /// The suffix of the methods of `ByteReader` and `ByteWriter` for this type, if it has a fixed size.
    var primitiveName: String {
        switch self {
        case .uuid: "UUID"
        default: self.swiftName
        }
    }
}
