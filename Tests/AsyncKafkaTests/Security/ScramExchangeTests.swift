// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct ScramExchangeTests {
    private static let nonce = "rOprNGfwEbeRWgbNEkqO"
    private static let challenge: Bytes =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

    private func exchange(
        _ username: String = "user", password: Secret = "pencil", isToken: Bool = false, hash: HashFunction = .sha256
    ) -> ScramExchange {
        ScramExchange(
            hash: hash, credentials: SASLCredentials(username: username, password: password), isToken: isToken,
            nonce: Self.nonce)
    }

    /// Returns the error for an invalid first challenge.
    private func refusal(_ challenge: Bytes?) throws -> String? {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: challenge) }
        #expect(error?.code == .authenticationFailed)
        return error?.message
    }

    @Test func theExchangeMatchesRFC7677() throws {
        var exchange = self.exchange()
        let first = try exchange.respond(to: nil)
        #expect(first == .send("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"))
        let second = try exchange.respond(to: Self.challenge)
        #expect(
            second
                == .send(
                    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
                ))
        let third = try exchange.respond(to: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        #expect(third == .done)
    }

    /// A final message without a signature is invalid, even if the broker reports success.
    @Test(arguments: ["", nil] as [Bytes?])
    func aServerThatSkipsItsProofIsRefused(final: Bytes?) throws {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: Self.challenge)
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: final) }
        #expect(error?.code == .authenticationFailed)
    }

    @Test func commasAndEqualsSignsInNamesAreEscaped() throws {
        var exchange = self.exchange("a,b=c")
        let first = try exchange.respond(to: nil)
        #expect(first == .send("n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO"))
    }

    @Test func aDelegationTokenIsMarkedAsOne() throws {
        var exchange = self.exchange("id", isToken: true)
        let first = try exchange.respond(to: nil)
        #expect(first == .send("n,,n=id,r=rOprNGfwEbeRWgbNEkqO,tokenauth=true"))
    }

    @Test func aServerThatDoesNotKnowThePasswordIsRefused() throws {
        for final: Bytes in ["v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=", "v=AAAA", "x=1"] {
            var exchange = self.exchange()
            _ = try exchange.respond(to: nil)
            _ = try exchange.respond(to: Self.challenge)
            let error = #expect(throws: KafkaError.self) { try exchange.respond(to: final) }
            #expect(error?.code == .authenticationFailed)
        }
    }

    @Test func aNonceThatIsNotContinuedIsRefused() throws {
        for nonce in ["", "other", Self.nonce, "x" + Self.nonce] {
            let refusal = try self.refusal(Bytes("r=\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
            #expect(refusal?.contains("nonce") == true, "\(nonce): \(refusal ?? "")")
        }
    }

    @Test(arguments: [0, 1, 4095, 1_000_001, 2_000_000_000])
    func tooFewIterationsAndTooManyAreRefused(iterations: Int) throws {
        let refusal = try self.refusal(Bytes("r=\(Self.nonce)x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=\(iterations)"))
        #expect(refusal?.contains("\(iterations) SCRAM iterations") == true)
    }

    @Test func garbageIsRefused() throws {
        let whole = Array(Self.challenge)
        for count in 0..<whole.count {
            // A truncated iteration count is a valid challenge, but too small.
            _ = try self.refusal(Bytes(whole.prefix(count)))
        }
        for text: Bytes in ["", ",", "=", ",,,", "r", "r=,s=,i=", "e=other-error", "r=x,s=AAAA"] {
            _ = try self.refusal(text)
        }
        _ = try self.refusal(nil)
    }

    /// RFC 5802, section 5.1: a client that doesn't support such an extension must abort the exchange.
    @Test func aMandatoryExtensionIsRefused() throws {
        _ = try self.refusal(Bytes(Array("m=ext,".utf8) + Array(Self.challenge)))
    }

    @Test func aSaltedPasswordIsReusedForTheSameSaltAndPasswordOnly() throws {
        let derived = Lock(0)
        let cache = SaltedPasswordCache { key, hash in
            derived.withLock { $0 += 1 }
            return hash.derivedKey(password: key.password, salt: key.salt, iterations: key.iterations)
        }
        let challenges: [Bytes] = [Self.challenge, Bytes(Array(Self.challenge.dropLast(4)) + Array("4097".utf8))]
        for (password, challenge) in [
            ("other", challenges[0]), ("pencil", challenges[1]), ("pencil", challenges[0]), ("pencil", challenges[0]),
        ] {
            var exchanges = [cache, SaltedPasswordCache()].map {
                ScramExchange(
                    hash: .sha256, credentials: SASLCredentials(username: "user", password: Secret(password)),
                    nonce: Self.nonce, saltedPasswords: $0)
            }
            var answers: [SASLResponse] = []
            for index in exchanges.indices {
                _ = try exchanges[index].respond(to: nil)
                answers.append(try exchanges[index].respond(to: challenge))
            }
            #expect(answers[0] == answers[1])
        }
        // The last one isn't derived again, since it equals the one before.
        #expect(derived.withLock { $0 } == 3)
    }

    @Test func theServersErrorIsReported() throws {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: Self.challenge)
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: "e=invalid-proof") }
        #expect(error?.message.contains("invalid-proof") == true)
    }

    @Test func eachExchangeHasANonceOfItsOwn() async throws {
        let mechanism = ScramMechanism.scramSHA512(username: "user", password: "pencil")
        var firsts: Set<SASLResponse> = []
        for _ in 0..<10 {
            var exchange = try await mechanism.makeExchange(with: KafkaServer(host: "x"))
            firsts.insert(try exchange.respond(to: nil))
        }
        #expect(firsts.count == 10)
    }

    @Test func credentialsAreFetchedForEachExchange() async throws {
        let passwords = Lock<[Secret]>(["one", "two"])
        let mechanism = PlainMechanism.plain {
            SASLCredentials(username: "u", password: passwords.withLock { $0.removeFirst() })
        }
        var sent: [SASLResponse] = []
        for _ in 0..<2 {
            var exchange = try await mechanism.makeExchange(with: KafkaServer(host: "x"))
            sent.append(try exchange.respond(to: nil))
        }
        #expect(sent == [.send("\0u\0one"), .send("\0u\0two")])
    }
}
