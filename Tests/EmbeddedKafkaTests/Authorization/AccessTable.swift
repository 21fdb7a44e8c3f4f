// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport

@testable import EmbeddedKafka

/// The permission that each API needs, with a request that needs it and Kafka's error without it.
enum AccessTable {
    /// A request that needs a permission.
    struct Entry: Sendable {
        var denied: ErrorCode?
        var grant: (ACL.Operation, Resource)?
        /// Another operation that is enough too.
        var alternative: ACL.Operation?
        var ask: @Sendable (RawClient) async throws -> [ErrorCode]
    }

    static func entry<Request: KafkaRequest>(
        _ operation: ACL.Operation, _ resource: Resource, _ denied: ErrorCode, _ version: Int16, _ request: Request,
        _ codes: @escaping @Sendable (Request.Response) -> [ErrorCode]
    ) -> Entry {
        Entry(denied: denied, grant: (operation, resource)) { client in
            codes(try await client.ask(request, version: version))
        }
    }

    /// A request that everyone may send.
    static func open<Request: KafkaRequest>(
        _ version: Int16, _ request: Request, _ codes: @escaping @Sendable (Request.Response) -> [ErrorCode]
    ) -> Entry {
        Entry { client in codes(try await client.ask(request, version: version)) }
    }

    static func make<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
        var value = value
        change(&value)
        return value
    }

    static let topic = Resource.topic("t")
    static let group = Resource.group("g")

    static let entries: [APIKey: [Entry]] = Self.ofTopics.merging(Self.ofGroups) { $1 }
        .merging(Self.ofCluster) { $1 }.merging(Self.ofTokensAndOthers) { $1 }.merging(Self.ofTransactions) { $1 }

    private static let ofTopics: [APIKey: [Entry]] = [
        .produce: [
            entry(
                .write, topic, .topicAuthorizationFailed, 9,
                ProduceRequest.one((try? batch(["a"])) ?? Bytes(), to: "t")
            ) { [$0.only.errorCode] },
            entry(
                .write, .transactionalID("x"), .transactionalIdAuthorizationFailed, 9,
                make(ProduceRequest.one((try? batch(["a"])) ?? Bytes(), to: "u")) { $0.transactionalId = "x" }
            ) { [$0.only.errorCode].filter { $0 != .topicAuthorizationFailed } },
        ],
        .fetch: [
            entry(.read, topic, .topicAuthorizationFailed, 12, FetchRequest.one("t", offset: 0)) {
                [$0.only.errorCode]
            }
        ],
        .listOffsets: [
            entry(.describe, topic, .topicAuthorizationFailed, 7, ListOffsetsRequest.one("t", timestamp: -1)) {
                [$0.only.errorCode]
            }
        ],
        .metadata: [
            entry(.describe, topic, .topicAuthorizationFailed, 12, MetadataRequest.named(["t"])) {
                $0.topics.map(\.errorCode)
            }
        ],
        .describeTopicPartitions: [
            entry(
                .describe, topic, .topicAuthorizationFailed, 0,
                make(DescribeTopicPartitionsRequest()) { request in
                    request.topics = [make(DescribeTopicPartitionsRequest.TopicRequest()) { $0.name = "t" }]
                    request.responsePartitionLimit = 10
                }
            ) { $0.topics.map(\.errorCode) }
        ],
        .offsetForLeaderEpoch: [
            entry(
                .describe, topic, .topicAuthorizationFailed, 4,
                make(OffsetForLeaderEpochRequest()) { request in
                    request.topics = [
                        make(OffsetForLeaderEpochRequest.OffsetForLeaderTopic()) { topic in
                            topic.topic = "t"
                            topic.partitions = [OffsetForLeaderEpochRequest.OffsetForLeaderPartition()]
                        }
                    ]
                }
            ) { $0.topics.flatMap(\.partitions).map(\.errorCode) }
        ],
        .createTopics: [
            entry(.create, .topic("new"), .topicAuthorizationFailed, 7, createTopic("new")) {
                $0.topics.map(\.errorCode)
            },
            entry(.create, .cluster, .topicAuthorizationFailed, 7, createTopic("newer")) {
                $0.topics.map(\.errorCode)
            },
        ],
        .deleteTopics: [
            entry(
                .delete, .topic("gone"), .topicAuthorizationFailed, 6,
                make(DeleteTopicsRequest()) { request in
                    request.topics = [make(DeleteTopicsRequest.DeleteTopicState()) { $0.name = "gone" }]
                }
            ) { $0.responses.map(\.errorCode) }
        ],
        .deleteRecords: [
            entry(
                .delete, topic, .topicAuthorizationFailed, 2,
                make(DeleteRecordsRequest()) { request in
                    request.topics = [
                        make(DeleteRecordsRequest.DeleteRecordsTopic()) { topic in
                            topic.name = "t"
                            topic.partitions = [DeleteRecordsRequest.DeleteRecordsPartition()]
                        }
                    ]
                }
            ) { $0.topics.flatMap(\.partitions).map(\.errorCode) }
        ],
        .createPartitions: [
            entry(
                .alter, topic, .topicAuthorizationFailed, 3,
                make(CreatePartitionsRequest()) { request in
                    request.topics = [
                        make(CreatePartitionsRequest.CreatePartitionsTopic()) { topic in
                            topic.name = "t"
                            topic.count = 2
                            topic.assignments = nil
                        }
                    ]
                }
            ) { $0.results.map(\.errorCode) }
        ],
    ]

    private static func createTopic(_ name: String) -> CreateTopicsRequest {
        make(CreateTopicsRequest()) { request in
            request.topics = [
                make(CreateTopicsRequest.CreatableTopic()) { topic in
                    topic.name = name
                    topic.numPartitions = 1
                    topic.replicationFactor = 1
                }
            ]
        }
    }

    private static let ofGroups: [APIKey: [Entry]] = [
        .joinGroup: [
            entry(
                .read, group, .groupAuthorizationFailed, 5,
                make(JoinGroupRequest()) { request in
                    request.groupId = "g"
                    request.memberId = "nobody"
                    request.sessionTimeoutMs = 10_000
                }
            ) { [$0.errorCode] }
        ],
        .consumerGroupHeartbeat: [
            entry(
                .read, group, .groupAuthorizationFailed, 1,
                make(ConsumerGroupHeartbeatRequest()) { ($0.groupId, $0.memberId, $0.memberEpoch) = ("g", "a", 1) }
            ) { [$0.errorCode] }
        ],
        .consumerGroupDescribe: [
            entry(
                .describe, group, .groupAuthorizationFailed, 1,
                make(ConsumerGroupDescribeRequest()) { $0.groupIds = ["g"] }
            ) { $0.groups.map(\.errorCode) }
        ],
        .syncGroup: [
            entry(
                .read, group, .groupAuthorizationFailed, 4, make(SyncGroupRequest()) { $0.groupId = "g" }
            ) { [$0.errorCode] }
        ],
        .heartbeat: [
            entry(
                .read, group, .groupAuthorizationFailed, 4, make(HeartbeatRequest()) { $0.groupId = "g" }
            ) { [$0.errorCode] }
        ],
        .leaveGroup: [
            entry(
                .read, group, .groupAuthorizationFailed, 4, make(LeaveGroupRequest()) { $0.groupId = "g" }
            ) { [$0.errorCode] }
        ],
        .offsetCommit: [
            entry(.read, group, .groupAuthorizationFailed, 8, commit) { response in
                let codes = response.topics.flatMap(\.partitions).map(\.errorCode)
                return codes.map { $0 == .topicAuthorizationFailed ? .none : $0 }
            }
        ],
        .offsetDelete: [
            entry(
                .delete, group, .groupAuthorizationFailed, 0, make(OffsetDeleteRequest()) { $0.groupId = "g" }
            ) { [$0.errorCode] }
        ],
        .offsetFetch: [
            entry(
                .describe, group, .groupAuthorizationFailed, 8,
                make(OffsetFetchRequest()) { request in
                    request.groups = [
                        make(OffsetFetchRequest.OffsetFetchRequestGroup()) { group in
                            group.groupId = "g"
                            group.topics = nil
                        }
                    ]
                }
            ) { $0.groups.map(\.errorCode) }
        ],
        .findCoordinator: [
            entry(
                .describe, group, .groupAuthorizationFailed, 4,
                make(FindCoordinatorRequest()) { $0.coordinatorKeys = ["g"] }
            ) { $0.coordinators.map(\.errorCode) },
            entry(
                .describe, .transactionalID("x"), .transactionalIdAuthorizationFailed, 4,
                make(FindCoordinatorRequest()) { request in
                    request.keyType = 1
                    request.coordinatorKeys = ["x"]
                }
            ) { $0.coordinators.map(\.errorCode) },
        ],
        .describeGroups: [
            entry(
                .describe, group, .groupAuthorizationFailed, 5, make(DescribeGroupsRequest()) { $0.groups = ["g"] }
            ) { $0.groups.map(\.errorCode) }
        ],
        .deleteGroups: [
            entry(
                .delete, group, .groupAuthorizationFailed, 2, make(DeleteGroupsRequest()) { $0.groupsNames = ["g"] }
            ) { $0.results.map(\.errorCode) }
        ],
        // Groups that the client may not know are left out.
        .listGroups: [open(4, ListGroupsRequest()) { [$0.errorCode] }],
    ]

    static let commit = make(OffsetCommitRequest()) { request in
        request.groupId = "g"
        request.topics = [
            make(OffsetCommitRequest.OffsetCommitRequestTopic()) { topic in
                topic.name = "t"
                topic.partitions = [OffsetCommitRequest.OffsetCommitRequestPartition()]
            }
        ]
    }

    private static func configs<Resource>(_ resource: Resource, _ change: (inout Resource) -> Void) -> [Resource] {
        [self.make(resource, change)]
    }

    private static let ofCluster: [APIKey: [Entry]] = [
        .describeConfigs: [
            entry(
                .describeConfigs, topic, .topicAuthorizationFailed, 4,
                make(DescribeConfigsRequest()) { request in
                    request.resources = configs(DescribeConfigsRequest.DescribeConfigsResource()) {
                        $0.resourceType = 2
                        $0.resourceName = "t"
                    }
                }
            ) { $0.results.map(\.errorCode) },
            entry(
                .describeConfigs, .cluster, .clusterAuthorizationFailed, 4,
                make(DescribeConfigsRequest()) { request in
                    request.resources = configs(DescribeConfigsRequest.DescribeConfigsResource()) {
                        $0.resourceType = 4
                        $0.resourceName = "1"
                    }
                }
            ) { $0.results.map(\.errorCode) },
        ],
        .alterConfigs: [
            entry(
                .alterConfigs, topic, .topicAuthorizationFailed, 2,
                make(AlterConfigsRequest()) { request in
                    request.resources = configs(AlterConfigsRequest.AlterConfigsResource()) {
                        $0.resourceType = 2
                        $0.resourceName = "t"
                    }
                }
            ) { $0.responses.map(\.errorCode) }
        ],
        .incrementalAlterConfigs: [
            entry(
                .alterConfigs, topic, .topicAuthorizationFailed, 1,
                make(IncrementalAlterConfigsRequest()) { request in
                    request.resources = configs(IncrementalAlterConfigsRequest.AlterConfigsResource()) {
                        $0.resourceType = 2
                        $0.resourceName = "t"
                    }
                }
            ) { $0.responses.map(\.errorCode) },
            entry(
                .alterConfigs, .cluster, .clusterAuthorizationFailed, 1,
                make(IncrementalAlterConfigsRequest()) { request in
                    request.resources = configs(IncrementalAlterConfigsRequest.AlterConfigsResource()) {
                        $0.resourceType = 4
                    }
                }
            ) { $0.responses.map(\.errorCode) },
        ],
        .initProducerId: [
            entry(
                .write, .transactionalID("x"), .transactionalIdAuthorizationFailed, 4,
                make(InitProducerIdRequest()) { $0.transactionalId = "x" }
            ) { [$0.errorCode] },
            entry(
                .idempotentWrite, .cluster, .clusterAuthorizationFailed, 4,
                make(InitProducerIdRequest()) { $0.transactionalId = nil }
            ) { [$0.errorCode] },
        ],
        .listConfigResources: [
            entry(.describeConfigs, .cluster, .clusterAuthorizationFailed, 1, ListConfigResourcesRequest()) {
                [$0.errorCode]
            }
        ],
        .alterClientQuotas: [
            entry(
                .alterConfigs, .cluster, .clusterAuthorizationFailed, 1,
                make(AlterClientQuotasRequest()) { $0.entries = [AlterClientQuotasRequest.EntryData()] }
            ) { $0.entries.map(\.errorCode) }
        ],
        .describeClientQuotas: [
            entry(.describeConfigs, .cluster, .clusterAuthorizationFailed, 1, DescribeClientQuotasRequest()) {
                [$0.errorCode]
            }
        ],
        .createAcls: [
            entry(
                .alter, .cluster, .clusterAuthorizationFailed, 3,
                make(CreateAclsRequest()) { $0.creations = [CreateAclsRequest.AclCreation()] }
            ) { $0.results.map(\.errorCode) }
        ],
        .describeAcls: [
            entry(
                .describe, .cluster, .clusterAuthorizationFailed, 3,
                make(DescribeAclsRequest()) { request in
                    request.resourceTypeFilter = 1
                    request.patternTypeFilter = 1
                    request.operation = 1
                    request.permissionType = 1
                }
            ) { [$0.errorCode] }
        ],
        .deleteAcls: [
            entry(
                .alter, .cluster, .clusterAuthorizationFailed, 3,
                make(DeleteAclsRequest()) { $0.filters = [DeleteAclsRequest.DeleteAclsFilter()] }
            ) { $0.filterResults.map(\.errorCode) }
        ],
        .alterUserScramCredentials: [
            entry(
                .alter, .cluster, .clusterAuthorizationFailed, 0,
                make(AlterUserScramCredentialsRequest()) { request in
                    request.deletions = [
                        make(AlterUserScramCredentialsRequest.ScramCredentialDeletion()) { $0.name = "carol" }
                    ]
                }
            ) { $0.results.map(\.errorCode) }
        ],
        .describeUserScramCredentials: [
            entry(
                .describe, .cluster, .clusterAuthorizationFailed, 0, DescribeUserScramCredentialsRequest()
            ) { [$0.errorCode] }
        ],
        .describeLogDirs: [
            entry(.describe, .cluster, .clusterAuthorizationFailed, 4, DescribeLogDirsRequest()) { [$0.errorCode] }
        ],
        .alterReplicaLogDirs: [
            entry(
                .alter, .cluster, .clusterAuthorizationFailed, 2,
                make(AlterReplicaLogDirsRequest()) { request in
                    request.dirs = [
                        make(AlterReplicaLogDirsRequest.AlterReplicaLogDir()) { directory in
                            directory.path = "/elsewhere"
                            directory.topics = [
                                make(AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()) { topic in
                                    topic.name = "t"
                                    topic.partitions = [0]
                                }
                            ]
                        }
                    ]
                }
            ) { $0.results.flatMap(\.partitions).map(\.errorCode) }
        ],
        .electLeaders: [
            entry(.alter, .cluster, .clusterAuthorizationFailed, 2, ElectLeadersRequest()) { [$0.errorCode] }
        ],
        .alterPartitionReassignments: [
            entry(.alter, .cluster, .clusterAuthorizationFailed, 1, AlterPartitionReassignmentsRequest()) {
                [$0.errorCode]
            }
        ],
        .listPartitionReassignments: [
            entry(.describe, .cluster, .clusterAuthorizationFailed, 0, ListPartitionReassignmentsRequest()) {
                [$0.errorCode]
            }
        ],
        .getTelemetrySubscriptions: [open(0, GetTelemetrySubscriptionsRequest()) { [$0.errorCode] }],
        .pushTelemetry: [open(0, PushTelemetryRequest()) { [$0.errorCode] }],
        .describeCluster: [open(1, DescribeClusterRequest()) { [$0.errorCode] }],
    ]

    /// Tokens belong to their owners, who need no ACL. Others are in `othersTokensAreNotToBeMadeOrSeen`.
    private static let ofTokensAndOthers: [APIKey: [Entry]] = [
        .apiVersions: [open(3, ApiVersionsRequest.software("test", "1.0")) { [$0.errorCode] }],
        .saslHandshake: [open(1, SaslHandshakeRequest()) { [$0.errorCode] }],
        .saslAuthenticate: [open(2, SaslAuthenticateRequest()) { [$0.errorCode] }],
        .createDelegationToken: [open(3, CreateDelegationTokenRequest()) { [$0.errorCode] }],
        .renewDelegationToken: [open(2, RenewDelegationTokenRequest()) { [$0.errorCode] }],
        .expireDelegationToken: [open(2, ExpireDelegationTokenRequest()) { [$0.errorCode] }],
        .describeDelegationToken: [open(3, DescribeDelegationTokenRequest()) { [$0.errorCode] }],
    ]
}
