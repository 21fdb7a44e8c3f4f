// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The value of a setting, or a mark in its place if the setting's name says that it is a secret of a broker.
    func hiddenIfSecret(_ name: String) -> String {
        let secrets = ["password", "jaas.config", "keystore.key", "secret.key", "master.key"]
        return secrets.contains { name.hasSuffix($0) } ? "(hidden)" : self
    }
}
