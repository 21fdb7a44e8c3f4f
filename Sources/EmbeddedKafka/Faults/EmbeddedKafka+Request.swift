// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension EmbeddedKafka {
    /// A request that a broker received.
    public struct Request: Hashable, Sendable {
        /// What was asked.
        public var api: API
        /// The version of the API.
        public var version: Int
        /// The client's name for itself (client.id); empty if it gave none.
        public var clientID: String
        /// The broker that was asked.
        public var broker: Int
        /// The number of the connection it came on. Each connection of the cluster has another.
        public var connection: Int
        /// The length of the request in bytes, with its header.
        public var byteCount: Int
    }
}
