// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct LoginModuleTests {
    private func options(_ text: String) throws -> [String: String] {
        try LoginModule(text).options.mapValues(\.value.text)
    }

    @Test func aModuleAndItsOptionsAreParsed() throws {
        let module = try LoginModule(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"alice\" password='it\"s' ;")
        #expect(module.className == "PlainLoginModule")
        #expect(module.options.mapValues(\.value.text) == ["username": "alice", "password": "it\"s"])
    }

    @Test(arguments: [
        (#"M REQUIRED a="b\"c\\d\te\101\60x";"#, ["a": "b\"c\\d\teA0x"]),
        ("M optional\n  a=b.c-d_e$1 // what a\n  /* is\n = */ b=\"c\" / and b\n;", ["a": "b.c-d_e$1", "b": "c"]),
        ("M required;", [:]),
        ("M required a = \"1\" a = \"2\";", ["a": "2"]),
        ("M required a=\"ä;=\";", ["a": "ä;="]),
    ])
    func optionsAreParsedAsInJava(text: String, expected: [String: String]) throws {
        #expect(try self.options(text) == expected)
    }

    @Test(arguments: [
        ("", "begin with"),
        ("M", "required"),
        ("M username=\"hush\";", "required"),
        ("M required username=\"alice\" password=\"hush\"", "semicolon"),
        ("M required username=\"alice\" password=hush#1;", "option 3"),
        ("M required username=\"alice\" password=1hush;", "option 2"),
        ("M required username=\"alice\" password=/hush;", "option 2"),
        ("M required username=\"alice\" hush;", "option 2"),
        ("M required password=\"hush;", "not closed"),
        ("M required password=\"hush\n\";", "not closed"),
        ("M required /* hush", "not closed"),
        ("M required a=\"hush\"; M required;", "more than one"),
    ])
    func malformedTextIsReportedWithoutSecrets(text: String, expected: String) {
        let error = #expect(throws: LoginModule.Malformed.self) { try LoginModule(text) }
        #expect(error?.reason.contains(expected) == true, "\(String(describing: error))")
        #expect(error?.reason.contains("hush") == false)
    }
}
