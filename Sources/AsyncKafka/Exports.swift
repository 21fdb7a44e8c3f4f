// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// `Bytes` and `ErrorCode` are part of the public API, so `import AsyncKafka` alone makes them available. Everything
// else in these modules has package access.
@_exported public import KafkaMemory
@_exported public import KafkaProtocol
