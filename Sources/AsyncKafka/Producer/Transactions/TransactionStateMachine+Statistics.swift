// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension TransactionStateMachine {
    /// The name of the state, for statistics.
    var stateName: String {
        switch self.state {
        case .uninitialized: "uninitialized"
        case .ready: "ready"
        case .open: "open"
        case .ending: "ending"
        case .stale: "stale"
        case .failed: "failed"
        }
    }
}
