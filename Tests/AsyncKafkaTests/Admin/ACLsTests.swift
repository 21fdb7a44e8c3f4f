// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The calls about access control entries, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct ACLsTests {
    private let orders = ACLBinding.allow(.user("alice"), .read, on: .topic("orders"))
    private let prefix = ACLBinding.deny(.user("*"), .write, on: .topics(prefix: "orders."), from: "10.0.0.1")

    @Test func entriesAreCreatedEachWithItsResult() async throws {
        let received = Lock<[CreateAclsRequest.AclCreation]>([])
        try await AnsweringBrokers.withAdmin(
            .to(CreateAclsRequest.self) { request, _ in
                received.withLock { $0 = request.creations }
                var response = CreateAclsResponse()
                response.results = request.creations.map { creation in
                    var result = CreateAclsResponse.AclCreationResult()
                    if creation.host != "*" {
                        result.errorCode = .invalidRequest
                        result.errorMessage = "no such host"
                    }
                    return result
                }
                return response
            }
        ) { _, admin in
            let results = await admin.createACLs([self.orders, self.prefix, self.orders])
            #expect(results.count == 2)
            #expect(throws: Never.self) { try results[self.orders]?.get() }
            let error = #expect(throws: KafkaError.self) { try results[self.prefix]?.get() }
            #expect(error?.brokerCode == .invalidRequest)
            #expect(error?.message.contains("no such host") == true)
            #expect(
                error?.message.contains("deny User:* WRITE on all topics with the prefix orders. from 10.0.0.1") == true
            )
            let sent = received.withLock { $0 }.first { $0.host != "*" }
            #expect(sent?.resourceType == 2 && sent?.resourcePatternType == 4 && sent?.resourceName == "orders.")
            #expect(sent?.principal == "User:*" && sent?.operation == 4 && sent?.permissionType == 2)
        }
    }

    @Test(arguments: [
        (ACLBindingFilter.all, [1, 1, 1, 1], nil),
        (ACLBindingFilter(.topic, .equal("t")), [2, 1, 1, 1], "t"),
        (ACLBindingFilter(.group, .applying(to: "t"), operation: .read), [3, 2, 3, 1], "t"),
        (ACLBindingFilter(.transactionalID, .literal(nil), permission: .deny), [5, 3, 1, 2], nil),
        (ACLBindingFilter(.user, .prefixed("t"), permission: .allow), [7, 4, 1, 3], "t"),
    ])
    func aFilterIsSentByKafkasCodes(filter: ACLBindingFilter, codes: [Int8], name: String?) async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeAclsRequest.self) { request, _ in
                let sent = [
                    request.resourceTypeFilter, request.patternTypeFilter, request.operation, request.permissionType,
                ]
                var response = DescribeAclsResponse()
                if sent != codes || request.resourceNameFilter != name { response.errorCode = .invalidRequest }
                return response
            }
        ) { _, admin in
            let bindings = try await admin.describeACLs(matching: filter)
            #expect(bindings == [])
        }
    }

    @Test func entriesAreDescribedByResource() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeAclsRequest.self) { _, _ in
                var response = DescribeAclsResponse()
                response.resources = ["b", "a"].map { name in
                    var resource = DescribeAclsResponse.DescribeAclsResource()
                    resource.resourceType = 2
                    resource.resourceName = name
                    resource.acls = [Int8(4), 3].map { operation in
                        var entry = DescribeAclsResponse.AclDescription()
                        entry.principal = "User:CN=x:y"
                        entry.host = "*"
                        entry.operation = operation
                        entry.permissionType = 3
                        return entry
                    }
                    return resource
                }
                return response
            }
        ) { _, admin in
            let bindings = try await admin.describeACLs()
            #expect(
                bindings.map(\.description) == [
                    "allow User:CN=x:y READ on topic a", "allow User:CN=x:y WRITE on topic a",
                    "allow User:CN=x:y READ on topic b", "allow User:CN=x:y WRITE on topic b",
                ])
            #expect(bindings.first?.principal == .user("CN=x:y"))
        }
    }

    @Test func aBrokerWithoutAnAuthorizerSaysSo() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeAclsRequest.self) { _, _ in
                var response = DescribeAclsResponse()
                response.errorCode = .securityDisabled
                return response
            }
        ) { cluster, admin in
            let error = await #expect(throws: KafkaError.self) { try await admin.describeACLs() }
            #expect(error?.brokerCode == .securityDisabled)
            #expect(cluster.asked(DescribeAclsRequest.self).count == 1)
        }
    }

    @Test func deletedEntriesAreReturnedAndAFailureNamesTheEntry() async throws {
        let other = ACLBindingFilter(.group)
        try await AnsweringBrokers.withAdmin(
            .to(DeleteAclsRequest.self) { request, _ in
                var response = DeleteAclsResponse()
                response.filterResults = request.filters.map { filter in
                    var match = DeleteAclsResponse.DeleteAclsMatchingAcl()
                    match.resourceType = filter.resourceTypeFilter
                    match.resourceName = filter.resourceNameFilter ?? "g"
                    match.patternType = 3
                    match.principal = "User:alice"
                    match.host = "*"
                    match.operation = 3
                    match.permissionType = 3
                    var kept = match
                    kept.errorCode = .unknownServerError
                    var result = DeleteAclsResponse.DeleteAclsFilterResult()
                    result.matchingAcls = filter.resourceTypeFilter == 3 ? [match, kept] : [match]
                    return result
                }
                return response
            }
        ) { cluster, admin in
            let results = await admin.deleteACLs(matching: [ACLBindingFilter(self.orders), other])
            let deleted = try results[ACLBindingFilter(self.orders)]?.get()
            #expect(deleted == [self.orders])
            let error = #expect(throws: KafkaError.self) { try results[other]?.get() }
            #expect(error?.message.contains("1 of 2 entries") == true)
            #expect(error?.message.contains("allow User:alice READ on group g") == true)
            #expect(cluster.asked(DeleteAclsRequest.self).count == 1)
        }
    }

    @Test func filtersAndPatternsReadWell() {
        #expect("\(ACLBindingFilter.all)" == "all entries")
        #expect(
            "\(ACLBindingFilter(.topic, .applying(to: "orders"), principal: .user("bob"), operation: .read))"
                == "topic with a pattern that applies to orders, principal User:bob, operation READ")
        #expect("\(ResourcePattern.cluster)" == "the cluster")
        #expect("\(ResourcePattern.group("*"))" == "all groups")
    }
}
