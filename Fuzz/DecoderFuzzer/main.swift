// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Foundation
import KafkaMemory

/// The one kind of input to be tried; nil for all.
private let only = ProcessInfo.processInfo.environment["ASYNC_KAFKA_FUZZ_KIND"].flatMap { UInt8($0) }

/// Feeds one input to the decoder that its first byte chooses.
///
/// An error is a fine answer. A trap, a sanitizer's report, an allocation above the limit that scripts/fuzz sets, or bytes
/// that aren't the same after a round trip are findings.
private func feed(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // In memory of its own, so that the address sanitizer sees a step over the end.
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
    default: return -1  // Not worth keeping.
    }
    return 0
}

// decoder-fuzzer seeds GOLDEN FOLDER: only makes the first inputs. Everything else is libFuzzer's.
let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "seeds" {
    let corpus = SeedCorpus(folder: URL(filePath: arguments[3]))
    try corpus.make(from: URL(filePath: arguments[2]))
    try corpus.makeSecurity()
} else {
    var count = CommandLine.argc
    var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &values) { feed($0, $1) })
}
