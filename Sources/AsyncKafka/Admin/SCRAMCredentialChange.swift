// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// A change of one of a user's SCRAM credentials.
@nonexhaustive
public enum SCRAMCredentialChange: Hashable, Sendable {
    /// Sets the password, whether or not the user has one for the mechanism. `iterations` (4096 to 16384) is how often the
    /// hash function is applied: more make it harder to guess the password from a stolen credential.
    case upsert(_ mechanism: SCRAMCredentialInfo.Mechanism, password: Secret, iterations: Int = 8192)
    /// Deletes the credential.
    case delete(_ mechanism: SCRAMCredentialInfo.Mechanism)
}

extension [SCRAMCredentialChange] {
    /// Returns what is sent for a user: the passwords are salted and hashed here, with a salt of their own each.
    func salted() throws(KafkaError) -> [AlterUserSCRAMCredentialsCall.Change] {
        var changes: [AlterUserSCRAMCredentialsCall.Change] = []
        for change in self {
            switch change {
            case .delete(let mechanism):
                changes.append(.deletion(mechanism))
            case .upsert(let mechanism, let password, let iterations):
                changes.append(.upsertion(try Self.salted(mechanism, password, iterations)))
            }
        }
        return changes
    }

    private static func salted(
        _ mechanism: SCRAMCredentialInfo.Mechanism, _ password: Secret, _ iterations: Int
    ) throws(KafkaError) -> AlterUserSCRAMCredentialsCall.SaltedCredential {
        let hash: HashFunction
        switch mechanism {
        case .sha256: hash = .sha256
        case .sha512: hash = .sha512
        default: throw KafkaError(.invalidArgument, "The hash function of \(mechanism) is not known.")
        }
        guard (4096...16384).contains(iterations) else {
            throw KafkaError(
                .invalidArgument, "Kafka accepts 4096 to 16384 iterations of SCRAM; these are \(iterations).")
        }
        guard !password.text.isEmpty else { throw KafkaError(.invalidArgument, "The password is empty.") }
        let salt = HashFunction.random(32)
        let key = hash.derivedKey(password: Array<UInt8>(password.text.utf8), salt: salt, iterations: iterations)
        return AlterUserSCRAMCredentialsCall.SaltedCredential(
            info: SCRAMCredentialInfo(mechanism: mechanism, iterations: iterations), salt: Bytes(salt),
            saltedPassword: Bytes(key))
    }
}
