// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A call whose items are groups, each of which is asked of its coordinator.
protocol GroupsCall: Call where Item == String {}

extension GroupsCall {
    func destination(of group: String) -> Destination { .coordinator(CoordinatorKey(kind: .group, name: group)) }

    func annotate(_ error: inout KafkaError, about group: String) { error.group = group }
}
