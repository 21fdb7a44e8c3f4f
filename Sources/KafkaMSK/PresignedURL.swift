// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka
import Foundation
import KafkaTransport

/// The credentials of an AWS identity.
public struct AWSCredentials: Sendable {
    /// The ID of the access key.
    public var accessKeyID: String
    /// The secret access key.
    public var secretAccessKey: Secret
    /// The session token of temporary credentials, such as those of a role.
    public var sessionToken: Secret?

    /// Creates credentials.
    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// A GET request in the form of a URL that is signed with AWS Signature Version 4.
struct PresignedURL {
    /// The body that is signed: MSK requires an empty one, S3 accepts an unsigned one.
    enum Payload: String {
        case empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        case unsigned = "UNSIGNED-PAYLOAD"
    }

    var host: String
    var path = "/"
    var query: [String: String] = [:]
    var region: String
    var service: String
    var payload = Payload.empty
    var lifetime: Int

    func signed(by credentials: AWSCredentials, at date: Date) -> String {
        let time = Self.timestamp(date)
        let day = String(time.prefix(8))
        let scope = "\(day)/\(self.region)/\(self.service)/aws4_request"
        var query = self.query
        query["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256"
        query["X-Amz-Credential"] = "\(credentials.accessKeyID)/\(scope)"
        query["X-Amz-Date"] = time
        query["X-Amz-Expires"] = "\(self.lifetime)"
        query["X-Amz-SignedHeaders"] = "host"
        query["X-Amz-Security-Token"] = credentials.sessionToken?.text
        let canonicalQuery = query.map { (Self.encode($0.key), Self.encode($0.value)) }.sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let request = ["GET", self.path, canonicalQuery, "host:\(self.host)", "", "host", self.payload.rawValue]
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.hexadecimal(Self.sha256(request.joined(separator: "\n")))]
        let key = [day, self.region, self.service, "aws4_request"]
            .reduce(Array("AWS4\(credentials.secretAccessKey.text)".utf8)) { Self.authenticationCode($0, $1) }
        let signature = Self.hexadecimal(Self.authenticationCode(key, text.joined(separator: "\n")))
        return "https://\(self.host)\(self.path)?\(canonicalQuery)&X-Amz-Signature=\(signature)"
    }

    private static func timestamp(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let numbers = [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second].map { $0 ?? 0 }
        return String(
            format: "%04d%02d%02dT%02d%02d%02dZ", numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
        )
    }

    /// Returns the text with all characters percent-encoded except letters, digits and `-._~`.
    static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(Unicode.Scalar(byte))
            default: String(format: "%%%02X", Int(byte))
            }
        }.joined()
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", Int($0)) }.joined()
    }

    private static func sha256(_ text: String) -> [UInt8] { HashFunction.sha256.hash(Array(text.utf8)) }

    private static func authenticationCode(_ key: [UInt8], _ text: String) -> [UInt8] {
        HashFunction.sha256.authenticationCode(key: key, Array(text.utf8))
    }
}
