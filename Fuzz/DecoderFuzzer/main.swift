// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Foundation
import KafkaMemory

/// Feeds one input to the decoder that its first byte chooses.
///
/// An error is a fine answer. A trap, a sanitizer's report, an allocation above the limit that scripts/fuzz sets, or bytes
/// that aren't the same after a round trip are findings.
private func feed(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // In memory of its own, so that the address sanitizer sees a step over the end.
    let input = Bytes(copying: UnsafeRawBufferPointer(start: bytes, count: count))
    guard let kind = input.first else { return 0 }
    let rest = input[1..<count]
    switch kind {
    case 0: fuzzRecords(rest)
    case 1: fuzzDecompression(rest)
    case 2: fuzzMessage(rest)
    default: return -1  // Not worth keeping.
    }
    return 0
}

// decoder-fuzzer seeds GOLDEN FOLDER: only makes the first inputs. Everything else is libFuzzer's.
let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "seeds" {
    try SeedCorpus(folder: URL(filePath: arguments[3])).make(from: URL(filePath: arguments[2]))
} else {
    var count = CommandLine.argc
    var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &values) { feed($0, $1) })
}
