// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaSecurity {
    /// Creates a configuration from the security properties of Kafka's Java clients and tools, with the same names and
    /// meaning: `security.protocol`, `sasl.mechanism`, `sasl.jaas.config` with Kafka's login modules,
    /// `sasl.kerberos.service.name`, and `ssl.*`.
    ///
    /// Stores are PEM or PKCS#12. For a JKS file the error names the command that converts it.
    ///
    /// - Throws: `.invalidConfiguration` that names every property that is unknown, unused in combination with the
    ///   others, or invalid. Files must exist and have the declared type.
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
            // Continue, in order to report the problems of other properties as well.
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

    /// Creates a configuration from a file in Java's `.properties` format, as Kafka's tools take with
    /// `--command-config`.
    ///
    /// - Throws: `.invalidConfiguration` as `init(properties:)` does, and if the file can't be read.
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
