// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A response of an HTTP server.
struct HTTPResponse: Sendable {
    var status: Int
    /// The headers by lowercase name.
    var headers: [String: String]
    var body: [UInt8]
}

/// The reason why there is no response.
enum HTTPFailure: Error, Hashable {
    /// The response isn't valid HTTP, or uses a coding that was not requested.
    case malformed(String)
    /// The response exceeds the limit.
    case tooLarge(limit: Int)
    /// The connection ended before the response was complete.
    case incomplete
}

/// A parser of one response, as its bytes arrive. A pure value.
struct HTTPResponseReader {
    private enum Part {
        case head
        case body(left: Int)
        case bodyUntilEnd
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
        case done
    }

    private let limit: Int
    private var part = Part.head
    private var response = HTTPResponse(status: 0, headers: [:], body: [])
    /// The received part of the current line.
    private var line: [UInt8] = []
    private var lineBytes = 0
    private var hasStatusLine = false

    /// The maximum size of all lines together: of the header, the chunk sizes and the trailer.
    private static let lineLimit = 64 << 10

    /// - Parameter limit: The maximum size of the body in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Parses bytes. Returns the response once it is complete, and ignores what follows it.
    mutating func received(_ bytes: some Sequence<UInt8>) throws(HTTPFailure) -> HTTPResponse? {
        for byte in bytes {
            switch self.part {
            case .head, .chunkSize, .chunkEnd, .trailer:
                self.lineBytes += 1
                guard self.lineBytes <= Self.lineLimit else { throw .tooLarge(limit: Self.lineLimit) }
                guard byte == UInt8(ascii: "\n") else {
                    self.line.append(byte)
                    continue
                }
                if self.line.last == UInt8(ascii: "\r") { self.line.removeLast() }
                let text = String(decoding: self.line, as: UTF8.self)
                self.line.removeAll(keepingCapacity: true)
                try self.endLine(text)
            case .body(let left):
                try self.append(byte)
                self.part = left == 1 ? .done : .body(left: left - 1)
            case .bodyUntilEnd:
                try self.append(byte)
            case .chunk(let left):
                try self.append(byte)
                self.part = left == 1 ? .chunkEnd : .chunk(left: left - 1)
            case .done:
                break
            }
            if case .done = self.part { return self.response }
        }
        return nil
    }

    /// Returns the response when the connection has ended, which completes a response without a length.
    func ended() throws(HTTPFailure) -> HTTPResponse {
        switch self.part {
        case .bodyUntilEnd, .done: return self.response
        default: throw .incomplete
        }
    }

    private mutating func append(_ byte: UInt8) throws(HTTPFailure) {
        guard self.response.body.count < self.limit else { throw .tooLarge(limit: self.limit) }
        self.response.body.append(byte)
    }

    private mutating func endLine(_ line: String) throws(HTTPFailure) {
        switch self.part {
        case .head where !self.hasStatusLine:
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]),
                status >= 100
            else { throw .malformed("the answer is not HTTP") }
            self.response.status = status
            self.hasStatusLine = true
        case .head where line.isEmpty:
            try self.endHead()
        case .head:
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw .malformed("a header has no colon")
            }
            self.response.headers[line[..<colon].lowercased()] = Self.trimmed(line[line.utf8.index(after: colon)...])
        case .chunkSize:
            let digits = Self.trimmed(line.prefix { $0 != ";" })
            guard let size = Int(digits, radix: 16), size >= 0, !digits.hasPrefix("+"), !digits.hasPrefix("-") else {
                throw .malformed("a chunk's size is no number")
            }
            self.part = size == 0 ? .trailer : .chunk(left: size)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformed("a chunk is longer than it says") }
            self.part = .chunkSize
        case .trailer:
            if line.isEmpty { self.part = .done }
        case .body, .bodyUntilEnd, .chunk, .done:
            break
        }
    }

    private mutating func endHead() throws(HTTPFailure) {
        if self.response.status < 200 {
            // An informational response, such as "Continue", precedes the final one.
            self.hasStatusLine = false
            self.response.headers = [:]
        } else if self.response.status == 204 || self.response.status == 304 {
            self.part = .done
        } else if let coding = self.response.headers["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else { throw .malformed("the transfer coding was not asked for") }
            self.part = .chunkSize
        } else if let length = self.response.headers["content-length"] {
            guard let count = Int(length), count >= 0 else { throw .malformed("Content-Length is no number") }
            guard count <= self.limit else { throw .tooLarge(limit: self.limit) }
            self.part = count == 0 ? .done : .body(left: count)
        } else {
            self.part = .bodyUntilEnd
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let tail = text.drop(while: isSpace)
        return String(tail.prefix(tail.count - tail.reversed().prefix(while: isSpace).count))
    }
}
