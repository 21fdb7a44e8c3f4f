// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A structure in the generated code: a message, or a structure nested in one.
struct Structure {
    var name: String
    var fields: [Field]
    /// The versions of the message in which the structure occurs.
    var context: VersionRange
    var flexibleVersions: VersionRange
    /// Whether the structure needs `isDefault`, because a field of its type is left out when it has its default.
    var needsIsDefault = false

    /// Returns the message's own structure, then the nested ones in the order of their first use.
    static func all(of message: MessageDefinition) throws -> [Structure] {
        var structures: [Structure] = []
        try self.collect(
            name: message.name, definitions: message.fields, context: message.validVersions, message: message,
            into: &structures)
        for common in message.commonStructs ?? [] {
            try self.collect(
                name: common.name, definitions: common.fields,
                context: common.versions.intersection(message.validVersions), message: message, into: &structures)
        }
        try self.check(structures, of: message)
        self.markDefaults(&structures)
        return structures
    }

    private static func collect(
        name: String, definitions: [FieldDefinition], context: VersionRange, message: MessageDefinition,
        into structures: inout [Structure]
    ) throws {
        let flexible = message.flexibleVersions.intersection(message.validVersions)
        let fields = try definitions.map { try Field($0, in: context, flexible: flexible) }
        structures.append(
            Structure(
                name: name, fields: fields.filter { !$0.versions.isEmpty }, context: context,
                flexibleVersions: flexible.intersection(context)))
        for definition in definitions {
            guard let nested = definition.fields, let structure = definition.type.structureName else { continue }
            let versions = definition.versions.intersection(context)
            guard !versions.isEmpty else { continue }
            try self.collect(
                name: structure, definitions: nested, context: versions, message: message, into: &structures)
        }
    }

    /// Checks that every structure in use is defined exactly once, and that each takes at least one byte.
    ///
    /// The reader limits the number of an array's elements by the bytes that are left, so an element can't be empty.
    private static func check(_ structures: [Structure], of message: MessageDefinition) throws {
        let names = structures.map(\.name)
        guard Set(names).count == names.count else { throw CodegenError("\(message.name) has a structure twice") }
        for field in structures.flatMap(\.fields) {
            guard let name = field.type.structureName else { continue }
            guard let used = structures.first(where: { $0.name == name }) else {
                throw CodegenError("\(message.name) has no structure \(name)")
            }
            for version in field.versions.lowest...field.versions.highest {
                guard used.context.contains(version) else {
                    throw CodegenError("\(message.name).\(name) is used in version \(version), which it doesn't have")
                }
                let isEmpty =
                    !used.flexibleVersions.contains(version)
                    && !used.fields.contains { $0.tag == nil && $0.versions.contains(version) }
                if isEmpty { throw CodegenError("\(message.name).\(name) takes no byte in version \(version)") }
            }
        }
    }

    private static func markDefaults(_ structures: inout [Structure]) {
        var pending: [String] = []
        for structure in structures {
            for field in structure.fields {
                guard case .structure(let name) = field.type, !field.isNullByDefault else { continue }
                let isComparedToDefault =
                    field.tag != nil || !field.isIgnorable && !field.versions.covers(structure.context)
                if isComparedToDefault { pending.append(name) }
            }
        }
        while let name = pending.popLast() {
            guard let index = structures.firstIndex(where: { $0.name == name }) else { continue }
            if structures[index].needsIsDefault { continue }
            structures[index].needsIsDefault = true
            for field in structures[index].fields {
                if case .structure(let nested) = field.type, !field.isNullByDefault { pending.append(nested) }
            }
        }
    }
}
