// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaSecurity {
    /// Reads the properties that Kafka's Java clients and tools have for security, by the names and with the meaning that they
    /// have there: `security.protocol`, `sasl.mechanism`, `sasl.jaas.config` with the login modules that come with Kafka,
    /// `sasl.kerberos.service.name`, and `ssl.*`.
    ///
    /// Stores are PEM or PKCS#12; a JKS file is refused with the command that converts it.
    ///
    /// - Throws: `.invalidConfiguration` that names every property that is not understood, of no use with the others, or has a
    ///   value that can't be meant. A file that is named must be there, and of the type that is said.
    public init(properties: [String: String]) throws(KafkaError) {
        var properties = SecurityProperties(properties)
        let name = "security.protocol"
        let written = properties.takeText(name) ?? "PLAINTEXT"
        let hasTLS: Bool
        let hasSASL: Bool
        switch written.uppercased() {
        case "PLAINTEXT": (hasTLS, hasSASL) = (false, false)
        case "SSL": (hasTLS, hasSASL) = (true, false)
        case "SASL_PLAINTEXT": (hasTLS, hasSASL) = (false, true)
        case "SASL_SSL": (hasTLS, hasSASL) = (true, true)
        default:
            properties.complain(
                name, "\"\(written)\" is none of PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL")
            // Complaints of the others are worth having.
            (hasTLS, hasSASL) = (true, properties.contains("sasl.jaas.config"))
        }
        let transport: Transport = hasTLS ? .tls(KafkaTLSConfiguration(&properties)) : .plaintext
        let mechanism = hasSASL ? SASLProperties.takeMechanism(&properties) : nil
        try properties.check()
        switch (mechanism, transport) {
        case (let mechanism?, _): self = .sasl(mechanism, over: transport)
        case (nil, .tls(let configuration)): self = .tls(configuration)
        case (nil, .plaintext): self = .plaintext
        }
    }

    /// Reads the same from a file in Java's `.properties` format, as Kafka's tools take it by `--command-config`.
    ///
    /// - Throws: `.invalidConfiguration` also if the file can't be read.
    public init(propertiesFile path: String) throws(KafkaError) {
        let properties: [String: String]
        do throws(KafkaError) {
            properties = try PropertiesText.parse(try FileContents.read(path, "security properties"))
        } catch {
            guard !error.message.contains(path) else { throw error }
            throw .invalidConfiguration("The file \(path) (security properties) can't be read: \(error.message)")
        }
        try self.init(properties: properties)
    }
}
