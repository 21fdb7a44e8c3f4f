// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The properties `sasl.*`: the mechanism and its login module.
enum SASLProperties {
    /// Returns nil if a property is invalid.
    static func takeMechanism(_ properties: inout SecurityProperties) -> (any SASLMechanism)? {
        // The default in Java.
        let name = properties.takeText("sasl.mechanism") ?? "GSSAPI"
        let written = properties.takeSecret("sasl.jaas.config")
        let expected: String
        switch name {
        case "PLAIN": expected = "PlainLoginModule"
        case "SCRAM-SHA-256", "SCRAM-SHA-512": expected = "ScramLoginModule"
        case "OAUTHBEARER": expected = "OAuthBearerLoginModule"
        case "GSSAPI": expected = "Krb5LoginModule"
        default:
            properties.complain(
                "sasl.mechanism", "\"\(name)\" is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER and GSSAPI")
            return nil
        }
        guard let written else {
            properties.complain("sasl.jaas.config", "it is missing: \(name) wants a \(expected)")
            return nil
        }
        do throws(LoginModule.Malformed) {
            let module = try LoginModule(written.text)
            guard module.className == expected else {
                // Anything else may be part of a password.
                let found = module.className.hasSuffix("LoginModule") ? ", not a \(module.className)" : ""
                throw LoginModule.Malformed(reason: "sasl.mechanism=\(name) wants a \(expected)\(found)")
            }
            switch name {
            case "PLAIN": return try module.plain()
            case "SCRAM-SHA-256": return try module.scram(.sha256)
            case "SCRAM-SHA-512": return try module.scram(.sha512)
            case "OAUTHBEARER": return try module.oauthBearer()
            default: return try module.kerberos(serviceName: properties.takeText("sasl.kerberos.service.name"))
            }
        } catch {
            properties.complain("sasl.jaas.config", error.reason)
            return nil
        }
    }
}

extension LoginModule {
    /// Throws if the module has other options than these.
    func allow(_ names: [String], prefixes: [String] = []) throws(Malformed) {
        let unknown = self.options.filter { name, _ in
            !names.contains(name) && !prefixes.contains { name.hasPrefix($0) && name != $0 }
        }
        guard let place = unknown.values.map(\.place).min() else { return }
        let known = (names + prefixes.map { $0 + "…" }).joined(separator: ", ")
        throw Malformed(reason: "option \(place) of the \(self.className) is none that is understood: \(known)")
    }

    private func required(_ name: String) throws(Malformed) -> Secret {
        guard let option = self.options[name] else { throw Malformed(reason: "the \(self.className) has no \(name)") }
        return option.value
    }

    fileprivate func plain() throws(Malformed) -> PlainMechanism {
        try self.allow(["username", "password"])
        return .plain(username: try self.required("username").text, password: try self.required("password"))
    }

    fileprivate func scram(_ hash: HashFunction) throws(Malformed) -> ScramMechanism {
        try self.allow(["username", "password", "tokenauth"])
        let credentials = SASLCredentials(
            username: try self.required("username").text, password: try self.required("password"))
        let isToken = self.options["tokenauth"]?.value.text.lowercased() == "true"
        return ScramMechanism(hash, isToken: isToken) { credentials }
    }

    fileprivate func oauthBearer() throws(Malformed) -> OAuthBearerMechanism {
        let own = ["clientId", "clientSecret", "scope"].filter { self.options[$0] != nil }
        guard own.isEmpty else {
            throw Malformed(
                reason:
                    "tokens that are fetched (\(own.joined(separator: ", "))) come from an OAuthBearerTokenProvider: "
                    + "use KafkaSecurity.sasl(.oauthBearer(provider), over: …)")
        }
        return .oauthBearer(try UnsecuredTokenProvider(self))
    }

    #if GSSAPI
    fileprivate func kerberos(serviceName: String?) throws(Malformed) -> GSSAPIMechanism {
        // The last ones are settings of Java's implementation that have no effect here.
        try self.allow([
            "useKeyTab", "keyTab", "useTicketCache", "ticketCache", "principal", "serviceName", "storeKey",
            "doNotPrompt",
            "refreshKrb5Config", "renewTGT", "isInitiator", "debug",
        ])
        func isTrue(_ name: String) -> Bool { self.options[name]?.value.text.lowercased() == "true" }
        let principal = self.options["principal"]?.value.text
        let own = self.options["serviceName"]?.value.text
        guard own == nil || serviceName == nil || own == serviceName else {
            throw Malformed(reason: "its serviceName is another than sasl.kerberos.service.name")
        }
        let credentials: KerberosCredentials
        if isTrue("useKeyTab") {
            guard let principal else { throw Malformed(reason: "useKeyTab wants a principal") }
            credentials = .keytab(try self.required("keyTab").text, principal: principal)
        } else if isTrue("useTicketCache") {
            credentials = .ticketCache(self.options["ticketCache"]?.value.text, principal: principal)
        } else {
            throw Malformed(
                reason: "the Krb5LoginModule needs useKeyTab=true or useTicketCache=true: nobody can be asked")
        }
        return .gssapi(credentials, serviceName: serviceName ?? own ?? "kafka")
    }
    #else
    fileprivate func kerberos(serviceName: String?) throws(Malformed) -> PlainMechanism {
        throw Malformed(reason: "GSSAPI needs the package trait GSSAPI of AsyncKafka, which is off")
    }
    #endif
}
