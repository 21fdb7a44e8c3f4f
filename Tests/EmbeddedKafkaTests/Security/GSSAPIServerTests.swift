// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import EmbeddedKafka

/// The broker's side of GSSAPI, message by message.
@Suite(.timeLimit(.minutes(1)))
struct GSSAPIServerTests {
    @Test(
        arguments: [
            ("alice@EXAMPLE", "alice"), ("kafka/localhost@EXAMPLE", "kafka"), ("alice@OTHER", nil),
            ("alice@OTHER.EXAMPLE", nil), ("alice", nil), ("@EXAMPLE", nil), ("/host@EXAMPLE", nil), ("", nil),
            (#"alice\@EXAMPLE@EXAMPLE"#, nil),
        ] as [(String, String?)])
    func thePrincipalsFirstPartIsTheUserInTheBrokersRealmOnly(principal: String, user: String?) {
        #expect(ServiceKeys.user(of: principal, realm: "@EXAMPLE") == user)
    }

    @Test func aGSSAPIListenerWithoutKeysIsRefusedWithTheReason() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.gssapi])]
        let error = await #expect(throws: EmbeddedKafkaError.self) { try await EmbeddedKafka.start(configuration) }
        #expect(error?.description.contains("SASL offers GSSAPI") == true)
    }

    @Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: KerberosRealm.isAvailable, "\(KerberosRealm.skipped)"))
    struct WithTickets {
        /// A server, and a client's context that has a ticket for it. `first` is the client's first message.
        private struct Login {
            var server: GSSAPIServer
            let client: GSSContext
            let first: Bytes

            init() async throws {
                let realm = try await KerberosRealm.shared()
                self.server = GSSAPIServer(
                    keys: try ServiceKeys(
                        EmbeddedKafka.Kerberos(keytab: realm.keytab.path, principal: realm.broker)))
                let credentials = try GSSCredentials.client(
                    principal: try GSSName(realm.client), keytab: realm.keytab.path, cache: "MEMORY:server-tests")
                self.client = GSSContext(client: credentials, with: try GSSName(realm.broker))
                self.first = Bytes(try self.client.step(nil).token)
            }

            /// Returns the server's next message, or nil if there is none.
            mutating func challenge(to message: Bytes) -> [UInt8]? {
                if case .challenge(let bytes) = self.server.respond(to: message, at: 0) { Array(bytes) } else { nil }
            }

            /// Continues until the server has sent its offer, and returns it.
            mutating func offer() throws -> [UInt8] {
                let answer = self.challenge(to: self.first)
                let token = try #require(answer)
                #expect(try self.client.step(token).isComplete)
                let offer = self.challenge(to: "")
                return try self.client.unwrap(try #require(offer))
            }
        }

        @Test func aTicketAuthenticatesItsOwnerAndNoSecurityLayerIsOffered() async throws {
            var login = try await Login()
            #expect(try login.offer() == [1, 0, 0, 0])
            let answer = Bytes(try login.client.wrap([1, 0, 0, 0] + Array("bob".utf8)))
            guard case .accepted(let identity, let last) = login.server.respond(to: answer, at: 0) else {
                Issue.record("refused")
                return
            }
            // The authorization id is ignored, as by Kafka's brokers.
            #expect(identity == Identity(user: "alice"))
            #expect(last.isEmpty)
        }

        @Test(arguments: 0..<5)
        func anotherLayerAndTruncatedOrUnprotectedAnswersAreRefused(kind: Int) async throws {
            var login = try await Login()
            _ = try login.offer()
            let answer: Bytes =
                switch kind {
                case 0: Bytes(try login.client.wrap([4, 0, 0, 0]))
                case 1: Bytes(try login.client.wrap([1, 0, 1, 0]))
                case 2: Bytes(try login.client.wrap([1, 0, 0]))
                case 3: Bytes([1, 0, 0, 0] as [UInt8])
                default: Bytes()
                }
            guard case .refused = login.server.respond(to: answer, at: 0) else {
                Issue.record("not refused")
                return
            }
        }

        @Test func missingAndModifiedTicketsAndUnexpectedMessagesAreRefused() async throws {
            // The frame, the ticket and the authenticator; between them are unprotected names.
            for share in [0, 0.5, 1] {
                var login = try await Login()
                var token = Array(login.first)
                let place = Int(Double(token.count - 1) * share)
                token[place] ^= 0x40
                guard case .refused = login.server.respond(to: Bytes(token), at: 0) else {
                    Issue.record("not refused: changed at \(place) of \(token.count)")
                    return
                }
            }
            var login = try await Login()
            guard case .refused = login.server.respond(to: "", at: 0) else {
                Issue.record("not refused: nothing")
                return
            }
            login = try await Login()
            _ = login.challenge(to: login.first)
            guard case .refused = login.server.respond(to: "now", at: 0) else {
                Issue.record("not refused: something where nothing has to come")
                return
            }
        }

        @Test func loginsLeakNoMemory() async throws {
            let growth = try await HeapUse.growth(of: 100) {
                var login = try await Login()
                _ = try login.offer()
                _ = login.server.respond(to: Bytes(try login.client.wrap([1, 0, 0, 0])), at: 0)
                login = try await Login()
                _ = login.server.respond(to: "nonsense", at: 0)
            }
            // A context takes about 2 KB.
            #expect(growth < 300, "\(growth) bytes for each")
        }

        @Test func missingKeysPreventTheClusterFromStartingAndAreNamed() async throws {
            let realm = try await KerberosRealm.shared()
            for kerberos in [
                EmbeddedKafka.Kerberos(keytab: "/no/such.keytab", principal: realm.broker),
                EmbeddedKafka.Kerberos(keytab: realm.keytab.path, principal: "kafka/other@\(KerberosRealm.name)"),
            ] {
                var configuration = EmbeddedKafka.Configuration()
                configuration.kerberos = kerberos
                configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.gssapi])]
                let error = await #expect(throws: EmbeddedKafkaError.self) {
                    try await EmbeddedKafka.start(configuration)
                }
                #expect(error?.description.contains(kerberos.keytab) == true)
                #expect(error?.description.contains(kerberos.principal) == true)
            }
        }
    }
}

#endif
