// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The implementation of an API. Each has its own file in `APIs`.
protocol Endpoint: SendableMetatype {
    associatedtype Request: KafkaRequest

    /// Kafka's name of the API.
    static var name: String { get }

    /// Returns the permission that a request needs, if the cluster has an authorizer.
    static func access(_ request: Request) -> Access

    /// Handles a request. Must answer `call` exactly once, now or later.
    static func handle(_ request: Request, _ call: Call)

    /// Answers `call` with `error` for each item of the request, and does nothing else.
    static func fail(_ request: Request, _ error: ErrorCode, _ call: Call)
}

extension Endpoint {
    /// Decodes the body of a request and handles it, or applies the fault of the call.
    static func open(_ body: Bytes, _ call: Call) throws(ProtocolError) {
        var reader = ByteReader(body)
        let request = try Request(from: &reader, version: call.version)
        try reader.finish()
        switch call.fault {
        case .fail(let error): Self.fail(request, error, call)
        case .answer(let substitute):
            if let response = substitute(request, call.version) as? Request.Response {
                call.answer(response)
            } else {
                Self.serve(request, call)
            }
        case .rewrite(let rewrite):
            call.rewrite = { rewrite(request, call.version, $0) }
            Self.serve(request, call)
        default: Self.serve(request, call)
        }
    }

    /// Handles a request that is permitted, and refuses another.
    private static func serve(_ request: Request, _ call: Call) {
        if case .needs(let operation, let resource) = self.access(request), !call.permits(operation, resource) {
            self.fail(request, resource.refusal, call)
        } else {
            self.handle(request, call)
        }
    }
}
