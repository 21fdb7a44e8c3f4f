// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

// api-listing FILE.symbols.json ...: prints the public declarations of the modules. scripts/public-api runs it.
for path in CommandLine.arguments.dropFirst() {
    let file = URL(fileURLWithPath: path)
    let graph = try JSONDecoder().decode(SymbolGraph.self, from: Data(contentsOf: file))
    let module = file.lastPathComponent.prefix { $0 != "." }
    print("## \(module)\n")
    for line in graph.listing { print(line) }
    print("")
}
