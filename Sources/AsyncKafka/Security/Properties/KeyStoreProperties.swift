// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The properties `ssl.truststore.*`, `ssl.keystore.*` and `ssl.key.password`.
enum KeyStoreProperties {
    private enum StoreType {
        case pem
        case pkcs12
    }

    /// Returns nil if there is no trust store; the system's authorities are then trusted.
    static func takeTrust(_ properties: inout SecurityProperties) -> KafkaTLSConfiguration.Trust? {
        let (location, certificates) = ("ssl.truststore.location", "ssl.truststore.certificates")
        let type = Self.takeType("ssl.truststore.type", &properties)
        let pem = properties.takeText(certificates)
        if let pem {
            if type != .pem { properties.complain(certificates, "it can only be used with ssl.truststore.type=PEM") }
            if properties.contains(location) {
                properties.complain(location, "it can't be used together with \(certificates)")
            }
            Self.refusePassword("ssl.truststore.password", &properties)
            return .pem(Bytes(PEMText.withLines(pem)))
        }
        guard let path = properties.takeText(location) else { return nil }
        switch type {
        case .pem:
            Self.refusePassword("ssl.truststore.password", &properties)
            return .pemFile(path)
        case .pkcs12, nil:
            let password = properties.takeSecret("ssl.truststore.password")
            Self.checkIsPKCS12(path, location, type: "ssl.truststore.type", &properties)
            return .pkcs12File(path, password: password)
        }
    }

    /// Returns nil if there is no key store.
    static func takeIdentity(_ properties: inout SecurityProperties) -> KafkaTLSConfiguration.Identity? {
        let (location, chain, key) = ("ssl.keystore.location", "ssl.keystore.certificate.chain", "ssl.keystore.key")
        let type = Self.takeType("ssl.keystore.type", &properties)
        let chainPEM = properties.takeText(chain)
        let keyPEM = properties.takeText(key)
        if chainPEM != nil || keyPEM != nil {
            let written = chainPEM == nil ? key : chain
            if type != .pem { properties.complain(written, "it can only be used with ssl.keystore.type=PEM") }
            if properties.contains(location) {
                properties.complain(location, "it can't be used together with \(written)")
            }
            Self.refusePassword("ssl.keystore.password", &properties)
            let password = properties.takeSecret("ssl.key.password")
            guard let chainPEM, let keyPEM else {
                properties.complain(
                    chainPEM == nil ? chain : key, "it is missing, and \(written) is of no use without it")
                return nil
            }
            return .pem(
                chain: Bytes(PEMText.withLines(chainPEM)), key: Bytes(PEMText.withLines(keyPEM)), password: password)
        }
        guard let path = properties.takeText(location) else { return nil }
        switch type {
        case .pem:
            Self.refusePassword("ssl.keystore.password", &properties)
            return .pemFiles(chain: path, key: path, password: properties.takeSecret("ssl.key.password"))
        case .pkcs12, nil:
            let password = properties.takeSecret("ssl.keystore.password")
            if let own = properties.takeSecret("ssl.key.password"), own != password {
                properties.complain(
                    "ssl.key.password", "a key with another password than its PKCS#12 store's can't be read")
            }
            Self.checkIsPKCS12(path, location, type: "ssl.keystore.type", &properties)
            guard let password else {
                properties.complain(
                    "ssl.keystore.password", "it is missing, and the key store can't be opened without it")
                return nil
            }
            return .pkcs12File(path, password: password)
        }
    }

    /// Returns nil if the property is missing or `JKS`. That is Java's default, with which Java also reads PKCS#12.
    private static func takeType(_ name: String, _ properties: inout SecurityProperties) -> StoreType? {
        switch properties.takeText(name)?.uppercased() {
        case nil, "JKS": return nil
        case "PEM": return .pem
        case "PKCS12": return .pkcs12
        default:
            properties.complain(name, "it must be PEM or PKCS12")
            return nil
        }
    }

    private static func refusePassword(_ name: String, _ properties: inout SecurityProperties) {
        guard properties.takeText(name) != nil else { return }
        properties.complain(name, "a PEM store has no password; that of a key is ssl.key.password")
    }

    /// Checks the first bytes of the file.
    private static func checkIsPKCS12(
        _ path: String, _ location: String, type: String, _ properties: inout SecurityProperties
    ) {
        let start: [UInt8]
        do throws(KafkaError) {
            start = Array(try FileContents.read(path, "key store").prefix(10))
        } catch {
            properties.complain(
                location, error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message)
            return
        }
        let isJKS = start.starts(with: [0xfe, 0xed, 0xfe, 0xed] as [UInt8])
        if isJKS || start.starts(with: [0xce, 0xce, 0xce, 0xce] as [UInt8]) {
            properties.complain(
                location,
                "\(path) is a \(isJKS ? "JKS" : "JCEKS") store, which only Java reads. Convert it: keytool -importkeystore "
                    + "-srckeystore \(path) -destkeystore \(path).p12 -deststoretype PKCS12, then name that file here with "
                    + "\(type)=PKCS12")
        } else if start.starts(with: Array("-----BEGIN".utf8)) {
            properties.complain(type, "it must be PEM, since \(path) is")
        }
    }
}
