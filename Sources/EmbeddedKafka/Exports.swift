// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// `Bytes` and `ErrorCode` are part of this library's API. All other declarations in those modules have package access.
@_exported public import KafkaMemory
@_exported public import KafkaProtocol
