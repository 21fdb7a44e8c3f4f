// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The purpose of a connection. Requests that may wait at the broker have connections of their own, so that they don't
/// delay others.
enum ConnectionPurpose: Hashable, Sendable, CaseIterable {
    /// Metadata, Produce, and all other requests that are answered immediately.
    case general
    /// Fetch, which waits at the broker for records.
    case fetch
    /// JoinGroup and heartbeats, which must not wait for responses to other requests.
    case coordinator
}
