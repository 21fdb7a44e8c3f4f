// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A line of `Definitions/errors.tsv`.
struct ErrorDefinition {
    var code: Int16
    var name: String
    var isRetriable: Bool
    var advice: String

    init(line: Substring) throws {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard columns.count == 4, let code = Int16(columns[0]) else { throw CodegenError("errors.tsv: \(line)") }
        self.code = code
        self.name = columns[1]
        self.isRetriable = columns[2] == "retriable"
        self.advice = columns[3]
    }

    /// The name in lower camel case: `unknownServerError` for `UNKNOWN_SERVER_ERROR`.
    var memberName: String {
        let words = self.name.split(separator: "_").map { $0.lowercased() }
        return words[0] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// Returns the text of `ErrorCode.swift`.
func renderErrorCodes(_ errors: [ErrorDefinition]) -> String {
    var source = SourceText(generatedFrom: "errors.tsv")
    source.line("/// An error code of the Kafka protocol.")
    source.line("///")
    source.line("/// Codes that this version of the library doesn't know keep their number.")
    source.block("public struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible") { source in
        source.line("/// The number in the protocol; 0 means success.")
        source.line("public var rawValue: Int16")
        source.line("")
        source.line("/// Creates the error code with this number.")
        source.block("public init(rawValue: Int16)") { $0.line("self.rawValue = rawValue") }
        source.line("")
        for error in errors {
            source.comment("`\(error.name)`. \(error.advice)")
            source.line("public static var \(error.memberName): ErrorCode { ErrorCode(rawValue: \(error.code)) }")
        }
        source.line("")
        source.comment("Kafka's name of the error, such as `NOT_LEADER_OR_FOLLOWER`, or `nil` if the code is unknown.")
        source.block("public var name: String?") { source in
            source.line("switch self.rawValue {")
            for error in errors { source.line("case \(error.code): \"\(error.name)\"") }
            source.line("default: nil")
            source.line("}")
        }
        source.line("")
        source.line("/// Whether the same request may succeed if it is sent again.")
        source.block("public var isRetriable: Bool") { source in
            renderCodes(errors.filter(\.isRetriable), into: &source)
        }
        source.line("")
        source.line("/// One sentence on what to do about the error.")
        source.block("public var advice: String") { source in
            source.line("switch self.rawValue {")
            for error in errors { source.line("case \(error.code): \"\(error.advice)\"") }
            source.line("default: \"The broker is newer than this client: look the code up in Kafka's documentation.\"")
            source.line("}")
        }
        source.line("")
        source.line("/// The error's name and number.")
        source.block("public var description: String") { source in
            source.line("guard let name = self.name else { return \"error \\(self.rawValue)\" }")
            source.line("return \"\\(name) (\\(self.rawValue))\"")
        }
    }
    return source.text
}

private func renderCodes(_ errors: [ErrorDefinition], into source: inout SourceText) {
    source.line("switch self.rawValue {")
    var rest = errors.map { "\($0.code)" }[...]
    var head = "case "
    while !rest.isEmpty {
        let row = rest.prefix(16)
        rest = rest.dropFirst(16)
        source.line(head + row.joined(separator: ", ") + (rest.isEmpty ? ":" : ","))
        head = "    "
    }
    source.indented { $0.line("true") }
    source.line("default:")
    source.indented { $0.line("false") }
    source.line("}")
}

/// Returns the text of `APIKeys.swift`, which has the numbers and names of all APIs.
func renderAPIKeys(_ messages: [MessageDefinition], comments: Comments) throws -> String {
    let apis = messages.filter { $0.type == .request }
        .compactMap { message in message.apiKey.map { (key: $0, name: message.apiName) } }
        .sorted { $0.key < $1.key }
    var source = SourceText(generatedFrom: "the requests")
    try source.block("extension APIKey") { source in
        for api in apis {
            let purpose = try comments.text(for: api.name)
            source.comment("\(purpose.prefix(1).uppercased() + purpose.dropFirst()).")
            source.line("package static var \(lowerCamelCase(api.name)): APIKey { APIKey(rawValue: \(api.key)) }")
        }
        source.line("")
        source.line("/// Kafka's name of the API, or nil if this library has no messages for it.")
        source.block("package var name: String?") { source in
            source.line("switch self.rawValue {")
            for api in apis { source.line("case \(api.key): \"\(api.name)\"") }
            source.line("default: nil")
            source.line("}")
        }
    }
    source.line("")
    source.block("extension APIKey: CustomStringConvertible") { source in
        source.line("package var description: String { self.name ?? \"API \\(self.rawValue)\" }")
    }
    return source.text
}

/// Returns the text of `MessageRegistry.swift`, which lists all messages.
func renderRegistry(_ messages: [MessageDefinition]) -> String {
    var source = SourceText(generatedFrom: "the messages")
    source.line("/// The types of all messages, for tests and tools that iterate over them.")
    source.block("package enum MessageRegistry") { source in
        source.line("package static let types: [any KafkaMessage.Type] = [")
        source.indented { source in
            for name in messages.map(\.name).sorted() { source.line("\(name).self,") }
        }
        source.line("]")
    }
    return source.text
}
