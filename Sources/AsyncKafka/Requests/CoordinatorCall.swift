// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A call that goes to the coordinator of a group or of transactions.
protocol CoordinatorCall: Call {
    var coordinator: CoordinatorKey { get }
}

extension CoordinatorCall {
    func destination(of item: Item) -> Destination { .coordinator(self.coordinator) }
}

extension CoordinatorCall where Item == OnlyItem {
    /// The outcome of a request about the group, member or transaction as a whole.
    func outcome(
        _ code: ErrorCode, from recipient: Recipient, _ value: @autoclosure () -> Value
    ) -> [OnlyItem: CallOutcome<Value>] {
        [OnlyItem(): code == .none ? .done(value()) : self.refused(code, OnlyItem(), by: recipient)]
    }
}
