// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EmbeddedKafka

@Suite struct ACLTableTests {
    private func acl(
        _ permission: ACL.Permission, _ operation: ACL.Operation, _ name: String, _ pattern: ACL.Pattern = .literal,
        principal: String = "User:alice", host: String = "*", type: ACL.ResourceType = .topic
    ) -> ACL {
        ACL(
            resourceType: type, resourceName: name, pattern: pattern, principal: principal, host: host,
            operation: operation, permission: permission)
    }

    private func table(_ acls: [ACL], superUsers: Set<String> = [], allowsIfNoACL: Bool = false) -> ACLTable {
        var table = ACLTable(superUsers: superUsers, allowsIfNoACL: allowsIfNoACL)
        for acl in acls { table.add(acl) }
        return table
    }

    private func alice(
        _ table: ACLTable, _ operation: ACL.Operation, _ topic: String, at host: String = "10.0.0.1"
    ) -> Bool {
        table.permits("User:alice", at: host, operation, on: .topic(topic))
    }

    @Test func whatNoACLAllowsIsDeniedUnlessTheAuthorizerSaysOtherwise() {
        #expect(!self.alice(self.table([]), .read, "t"))
        #expect(self.alice(self.table([], allowsIfNoACL: true), .read, "t"))
        // With an ACL for somebody else the topic isn't without ACLs.
        let bobs = [self.acl(.allow, .read, "t", principal: "User:bob")]
        #expect(!self.alice(self.table(bobs, allowsIfNoACL: true), .read, "t"))
        #expect(self.alice(self.table(bobs, allowsIfNoACL: true), .read, "u"))
        #expect(self.alice(self.table([self.acl(.deny, .all, "*")], superUsers: ["User:alice"]), .read, "t"))
    }

    @Test func aPrefixMatchesCharacterCodesAsInKafka() {
        // To Swift, an e with an accent of its own isn't an e at the beginning.
        let table = self.table([
            self.acl(.allow, .read, "*", type: .group), self.acl(.deny, .all, "e", .prefixed, type: .group),
        ])
        #expect(!table.permits("User:alice", at: "10.0.0.1", .read, on: .group("e\u{301}te")))
        #expect(table.permits("User:alice", at: "10.0.0.1", .read, on: .group("ate")))
    }

    @Test func namesMatchLiterallyByPrefixOrAll() {
        let literal = self.table([self.acl(.allow, .read, "orders")])
        #expect(self.alice(literal, .read, "orders"))
        #expect(!self.alice(literal, .read, "orders-2"))
        let prefixed = self.table([self.acl(.allow, .read, "orders", .prefixed)])
        #expect(self.alice(prefixed, .read, "orders-2"))
        #expect(!self.alice(prefixed, .read, "order"))
        #expect(self.alice(self.table([self.acl(.allow, .read, "*")]), .read, "anything"))
        #expect(!literal.permits("User:alice", at: "h", .read, on: .group("orders")))
    }

    @Test func principalsAndHostsMustMatch() {
        let table = self.table([
            self.acl(.allow, .read, "t", host: "10.0.0.1"), self.acl(.allow, .read, "u", principal: ACL.everyone),
        ])
        #expect(self.alice(table, .read, "t"))
        #expect(!self.alice(table, .read, "t", at: "10.0.0.2"))
        #expect(!table.permits("User:bob", at: "10.0.0.1", .read, on: .topic("t")))
        #expect(table.permits("User:bob", at: "10.0.0.2", .read, on: .topic("u")))
    }

    @Test func aDenialHasPriority() {
        let table = self.table([
            self.acl(.allow, .all, "*"), self.acl(.deny, .write, "secret", .prefixed),
        ])
        #expect(self.alice(table, .write, "t"))
        #expect(!self.alice(table, .write, "secrets"))
        #expect(self.alice(table, .read, "secrets"))
    }

    @Test func somePermissionsIncludeThatToDescribe() {
        for operation in [ACL.Operation.read, .write, .delete, .alter] {
            #expect(self.alice(self.table([self.acl(.allow, operation, "t")]), .describe, "t"))
        }
        for operation in [ACL.Operation.create, .describeConfigs, .alterConfigs] {
            #expect(!self.alice(self.table([self.acl(.allow, operation, "t")]), .describe, "t"))
        }
        #expect(self.alice(self.table([self.acl(.allow, .alterConfigs, "t")]), .describeConfigs, "t"))
        // The denial of one doesn't include the other.
        let table = self.table([self.acl(.allow, .all, "t"), self.acl(.deny, .read, "t")])
        #expect(self.alice(table, .describe, "t"))
    }

    @Test func aPermissionOnAnyResourceMustNotBeDeniedCompletely() {
        func permits(_ acls: [ACL]) -> Bool {
            self.table(acls).permits("User:alice", at: "h", .write, onAny: .topic)
        }
        #expect(!permits([]))
        #expect(permits([self.acl(.allow, .write, "t")]))
        #expect(permits([self.acl(.allow, .all, "t", .prefixed)]))
        #expect(!permits([self.acl(.allow, .read, "t")]))
        #expect(!permits([self.acl(.allow, .write, "g", type: .group)]))
        #expect(!permits([self.acl(.allow, .write, "t"), self.acl(.deny, .write, "*")]))
        #expect(!permits([self.acl(.allow, .write, "tea"), self.acl(.deny, .write, "t", .prefixed)]))
        #expect(!permits([self.acl(.allow, .write, "t"), self.acl(.deny, .all, "t")]))
        #expect(permits([self.acl(.allow, .write, "t", .prefixed), self.acl(.deny, .write, "t")]))
    }

    @Test func filtersSelectByPatternAndByWhatConcernsAName() {
        var table = self.table([
            self.acl(.allow, .read, "orders"), self.acl(.allow, .read, "ord", .prefixed),
            self.acl(.allow, .read, "*"), self.acl(.deny, .write, "other"),
        ])
        func names(_ name: String?, _ pattern: ACLFilter.PatternFilter) -> [String] {
            let filter = ACLFilter(resourceType: .topic, resourceName: name, pattern: pattern)
            return table.all.filter(filter.matches).map(\.resourceName).sorted()
        }
        #expect(names("orders", .literal) == ["orders"])
        #expect(names("ord", .any) == ["ord"])
        #expect(names("orders", .match) == ["*", "ord", "orders"])
        #expect(names(nil, .prefixed) == ["ord"])
        #expect(names(nil, .any) == ["*", "ord", "orders", "other"])
        #expect(table.remove(ACLFilter(permission: .deny)).map(\.resourceName) == ["other"])
        #expect(table.all.count == 3)
    }
}
