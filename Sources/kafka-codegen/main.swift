// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

// Generates Sources/KafkaProtocol/Messages from the definitions in Sources/kafka-codegen/Definitions.
// With --check, compares the files with what it would write, writes nothing, and fails if they differ.

/// Returns the text of the generated files by file name.
func generate(from definitions: URL) throws -> [String: String] {
    let decoder = JSONDecoder()
    let messages = try FileManager.default.contentsOfDirectory(at: definitions, includingPropertiesForKeys: nil)
        .filter { $0.pathExtension == "json" }
        .sorted { $0.lastPathComponent < $1.lastPathComponent }
        .map { url in
            do {
                return try decoder.decode(MessageDefinition.self, from: Data(contentsOf: url))
            } catch {
                throw CodegenError("\(url.lastPathComponent): \(error)")
            }
        }
    let comments = try Comments(String(contentsOf: definitions.appending(path: "comments.tsv"), encoding: .utf8))
    var files: [String: String] = [:]
    for (name, group) in Dictionary(grouping: messages, by: \.apiName) {
        let group = group.sorted { $0.name < $1.name }
        let renderers = try group.map { try MessageRenderer($0, comments: comments) }
        var source = SourceText(generatedFrom: group.map { "\($0.name).json" }.joined(separator: " and "))
        if renderers.contains(where: \.usesBytes) {
            source.line("package import KafkaMemory")
            source.line("")
        }
        // Only requests say that their latest version isn't stable, and it holds for the response too.
        let isUnstable = group.contains { $0.latestVersionUnstable == true }
        for (index, renderer) in renderers.enumerated() {
            if index > 0 { source.line("") }
            try renderer.render(into: &source, latestVersionUnstable: isUnstable)
        }
        files["\(name).swift"] = source.text
    }
    let table = try String(contentsOf: definitions.appending(path: "errors.tsv"), encoding: .utf8)
    files["ErrorCode.swift"] = try renderErrorCodes(table.split(separator: "\n").map { try ErrorDefinition(line: $0) })
    files["APIKeys.swift"] = try renderAPIKeys(messages, comments: comments)
    files["MessageRegistry.swift"] = renderRegistry(messages)
    try comments.checkAllUsed()
    return files
}

/// Returns the text of the files in `folder` by file name.
func existing(in folder: URL) throws -> [String: String] {
    guard FileManager.default.fileExists(atPath: folder.path) else { return [:] }
    let urls = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try Dictionary(
        uniqueKeysWithValues: urls.map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) })
}

func run(arguments: [String]) throws -> Int32 {
    let root = URL(filePath: FileManager.default.currentDirectoryPath)
    let definitions = root.appending(path: "Sources/kafka-codegen/Definitions")
    let folder = root.appending(path: "Sources/KafkaProtocol/Messages")
    guard arguments.isEmpty || arguments == ["--check"] else { throw CodegenError("usage: kafka-codegen [--check]") }
    guard FileManager.default.fileExists(atPath: definitions.path) else {
        throw CodegenError("run it in the package's folder: there is no \(definitions.path)")
    }
    let wanted = try generate(from: definitions)
    let found = try existing(in: folder)
    let stale = Set(wanted.keys).union(found.keys).filter { wanted[$0] != found[$0] }.sorted()
    if arguments == ["--check"] {
        guard stale.isEmpty else {
            throw CodegenError("stale, run kafka-codegen: \(stale.joined(separator: ", "))")
        }
        print("\(wanted.count) files are up to date")
        return 0
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in stale {
        let url = folder.appending(path: name)
        if let text = wanted[name] {
            try text.write(to: url, atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(at: url)
        }
    }
    print("\(stale.count) of \(wanted.count) files written")
    return 0
}

do {
    exit(try run(arguments: Array(CommandLine.arguments.dropFirst())))
} catch {
    FileHandle.standardError.write(Data("kafka-codegen: \(error)\n".utf8))
    exit(1)
}
