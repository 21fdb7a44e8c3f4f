// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Foundation
import KafkaMemory

/// The only kind of input to test, or nil for all.
private let only = ProcessInfo.processInfo.environment["ASYNC_KAFKA_FUZZ_KIND"].flatMap { UInt8($0) }

/// Passes an input to the decoder that its first byte selects.
///
/// Errors are expected. Findings are traps, sanitizer reports, allocations above the limit that scripts/fuzz sets, and
/// bytes that change in a round trip.
private func feed(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // A copy in its own allocation, so that the address sanitizer detects reads past the end.
    let input = Bytes(copying: UnsafeRawBufferPointer(start: bytes, count: count))
    guard let kind = input.first else { return 0 }
    if let only, only != kind { return -1 }
    let rest = input[1..<count]
    switch kind {
    case 0: fuzzRecords(rest)
    case 1: fuzzDecompression(rest)
    case 2: fuzzMessage(rest)
    case 3: fuzzScram(rest)
    case 4: fuzzTokens(rest)
    case 5: fuzzGSSAPI(rest)
    case 6: fuzzProperties(rest)
    case 7: fuzzHTTP(rest)
    case 8: fuzzTLS(rest)
    case 9: fuzzMetrics(rest)
    default: return -1  // Don't keep the input.
    }
    return 0
}

// `decoder-fuzzer seeds GOLDEN FOLDER` only writes the initial inputs. libFuzzer handles all other arguments.
let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "seeds" {
    let corpus = SeedCorpus(folder: URL(filePath: arguments[3]))
    try corpus.make(from: URL(filePath: arguments[2]))
    try corpus.makeSecurity()
    try corpus.makeMetrics()
} else {
    var count = CommandLine.argc
    var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &values) { feed($0, $1) })
}
