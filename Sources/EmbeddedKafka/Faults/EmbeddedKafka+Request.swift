// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension EmbeddedKafka {
    /// A request that a broker received.
    public struct Request: Hashable, Sendable {
        /// The API of the request.
        public var api: API
        /// The version of the API.
        public var version: Int
        /// The client ID (`client.id`), or an empty string if there is none.
        public var clientID: String
        /// The ID of the broker that received the request.
        public var broker: Int
        /// The number of the connection, which is unique in the cluster.
        public var connection: Int
        /// The size of the request in bytes, including its header.
        public var byteCount: Int
    }
}
