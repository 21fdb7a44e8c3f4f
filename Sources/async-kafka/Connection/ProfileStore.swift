// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// The clusters that a user has saved: a directory with a file of client properties for each, which only its owner may read.
struct ProfileStore: Sendable {
    let directory: String

    /// The store in `ASYNC_KAFKA_HOME`, or where the XDG specification puts it.
    static var standard: ProfileStore {
        let variables = ProcessEnvironment.variables
        let home = variables["XDG_CONFIG_HOME"] ?? (variables["HOME"] ?? ".") + "/.config"
        return ProfileStore(directory: variables["ASYNC_KAFKA_HOME"] ?? home + "/async-kafka")
    }

    private static let suffix = ".properties"

    var names: [String] {
        FileSystem.names(in: self.directory).filter { $0.hasSuffix(Self.suffix) }
            .map { String($0.dropLast(Self.suffix.count)) }
    }

    /// The name of the profile that is used if none is named.
    func current() throws -> String? {
        let path = self.directory + "/current"
        guard FileSystem.exists(path) else { return nil }
        let name = String(decoding: try FileSystem.read(path), as: UTF8.self).filter { !$0.isWhitespace }
        guard !name.isEmpty, FileSystem.exists(try self.path(of: name)) else { return nil }
        return name
    }

    func use(_ name: String) throws {
        _ = try self.properties(of: name)
        try FileSystem.write(name + "\n", to: self.directory + "/current")
    }

    func properties(of name: String) throws -> ClientProperties {
        let path = try self.path(of: name)
        guard FileSystem.exists(path) else {
            let known = self.names
            let others = known.isEmpty ? "there are none yet" : "there are \(known.joined(separator: ", "))"
            throw Failure("There is no profile \(name); \(others).")
        }
        return try ClientProperties(file: path)
    }

    func save(_ properties: ClientProperties, as name: String) throws {
        let path = try self.path(of: name)
        try FileSystem.makeDirectory(self.directory)
        let lines = properties.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.propertyEscaped)\n" }
        try FileSystem.write(lines.joined(), to: path)
    }

    func delete(_ name: String) throws {
        _ = try self.properties(of: name)
        try FileSystem.delete(try self.path(of: name))
    }

    private func path(of name: String) throws -> String {
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), !name.hasPrefix(".")
        else { throw Failure("A profile's name has letters, digits, - and _; \"\(name)\" is none.") }
        return self.directory + "/" + name + Self.suffix
    }
}

extension String {
    /// The value as it stands in a file of properties.
    fileprivate var propertyEscaped: String {
        var escaped = ""
        for unit in self.utf16 {
            switch unit {
            case UInt16(UInt8(ascii: "\\")): escaped += "\\\\"
            case 0x0a: escaped += "\\n"
            case 0x0d: escaped += "\\r"
            case 0x09: escaped += "\\t"
            case 0x21...0x7e: escaped.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return escaped
    }
}
