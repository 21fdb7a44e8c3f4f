// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A call that goes to a group's coordinator.
protocol GroupCall: CoordinatorCall {
    var group: String { get }
}

extension GroupCall {
    var coordinator: CoordinatorKey { CoordinatorKey(kind: .group, name: self.group) }
}

extension GroupCall where Item == OnlyItem {
    func annotate(_ error: inout KafkaError, about item: OnlyItem) { error.group = self.group }
}
