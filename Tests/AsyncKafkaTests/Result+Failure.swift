// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension Result {
    /// The error, if there is one.
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
