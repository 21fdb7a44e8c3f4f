// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@Suite struct MessageFieldTests {
    // MARK: Fields missing in a version

    @Test func aFieldThatTheVersionLacksIsAnErrorUnlessItIsIgnorable() throws {
        var request = MetadataRequest()
        request.allowAutoTopicCreation = false
        #expect(throws: ProtocolError.fieldNotInVersion(field: "allowAutoTopicCreation", version: 3)) {
            _ = try request.encoded(version: 3)
        }
        _ = try request.encoded(version: 4)

        var fetch = FetchRequest()
        fetch.sessionEpoch = 7  // ignorable
        _ = try fetch.encoded(version: 4)
        let partition = FetchRequest.ForgottenTopic()
        fetch.forgottenTopicsData = [partition]
        #expect(throws: ProtocolError.fieldNotInVersion(field: "forgottenTopicsData", version: 6)) {
            _ = try fetch.encoded(version: 6)
        }
    }

    @Test func taggedFieldsThatTheVersionLacksAreErrors() throws {
        var fetch = FetchRequest()
        fetch.replicaState.replicaId = 3
        for version: Int16 in [4, 14] {
            #expect(throws: ProtocolError.fieldNotInVersion(field: "replicaState", version: version)) {
                _ = try fetch.encoded(version: version)
            }
        }
        let read = try FetchRequest.decoded(from: fetch.encoded(version: 15), version: 15)
        #expect(read.replicaState.replicaId == 3)

        var metadata = MetadataRequest()
        metadata.unknownTaggedFields = [TaggedField(tag: 4, data: "x")]
        #expect(throws: ProtocolError.fieldNotInVersion(field: "unknownTaggedFields", version: 8)) {
            _ = try metadata.encoded(version: 8)
        }
    }

    // MARK: Null

    @Test func nullIsAnErrorWhereTheVersionDoesNotAllowIt() throws {
        var request = MetadataRequest()
        request.topics = nil
        #expect(try request.encoded(version: 1) == Bytes([0xff, 0xff, 0xff, 0xff]))
        #expect(try MetadataRequest.decoded(from: [0xff, 0xff, 0xff, 0xff], version: 1).topics == nil)
        #expect(throws: ProtocolError.unexpectedNull(field: "topics")) { _ = try request.encoded(version: 0) }
        #expect(throws: ProtocolError.unexpectedNull(field: "topics")) {
            _ = try MetadataRequest.decoded(from: [0xff, 0xff, 0xff, 0xff], version: 0)
        }
        #expect(throws: ProtocolError.unexpectedNull(field: "groupId")) {
            _ = try HeartbeatRequest.decoded(from: [0xff, 0xff], version: 0)
        }
    }

    @Test func anAbsentArrayIsNotAnEmptyOne() throws {
        var request = MetadataRequest()
        for version in MetadataRequest.validVersions.dropFirst() {
            request.topics = nil
            #expect(
                try MetadataRequest.decoded(from: request.encoded(version: version), version: version).topics == nil)
            request.topics = []
            let read = try MetadataRequest.decoded(from: request.encoded(version: version), version: version)
            #expect(read.topics?.isEmpty == true)
        }
    }

    // MARK: Tagged fields

    @Test func taggedFieldsAreWrittenInTheOrderOfTheirTagsAndOnlyWhenSet() throws {
        var partition = FetchRequest.FetchPartition()
        partition.highWatermark = 5
        partition.unknownTaggedFields = [TaggedField(tag: 9, data: "z"), TaggedField(tag: 3, data: "y")]
        var writer = ByteWriter()
        try partition.encode(into: &writer, version: 18)
        let bytes = writer.finishContiguous()
        // Three fields: tag 1 with eight bytes, tags 3 and 9 with one byte each.
        #expect(bytes.hexadecimal.hasSuffix("03" + "01080000000000000005" + "030179" + "09017a"))

        var reader = ByteReader(bytes)
        let read = try FetchRequest.FetchPartition(from: &reader, version: 18)
        #expect(read.highWatermark == 5)
        #expect(read.replicaDirectoryId == .zero)
        #expect(read.unknownTaggedFields.map(\.tag) == [3, 9])
    }

    @Test func anUnknownTagIsPreserved() throws {
        // Tag 1 is the high watermark from version 18 on.
        var partition = FetchRequest.FetchPartition()
        partition.unknownTaggedFields = [TaggedField(tag: 1, data: "?")]
        var writer = ByteWriter()
        try partition.encode(into: &writer, version: 17)
        var reader = ByteReader(writer.finishContiguous())
        let read = try FetchRequest.FetchPartition(from: &reader, version: 17)
        #expect(read.highWatermark == .max)
        #expect(read.unknownTaggedFields == partition.unknownTaggedFields)
    }

    @Test func writingARepeatedTagIsAnError() throws {
        var response = ApiVersionsResponse()
        response.zkMigrationReady = true
        response.unknownTaggedFields = [TaggedField(tag: 3, data: [0])]
        #expect(throws: ProtocolError.malformed("tag 3 occurs twice")) { _ = try response.encoded(version: 3) }
    }

    @Test func aTaggedFieldWithAWrongSizeIsAnError() throws {
        let head = "0000" + "01" + "00000000"  // no error, no keys, not throttled
        let good = try #require(Bytes(hexadecimal: head + "01" + "0108" + "0000000000000007" + ""))
        #expect(try ApiVersionsResponse.decoded(from: good, version: 3).finalizedFeaturesEpoch == 7)
        let long = try #require(Bytes(hexadecimal: head + "01" + "0109" + "000000000000000700"))
        #expect(throws: ProtocolError.trailingBytes(1)) { _ = try ApiVersionsResponse.decoded(from: long, version: 3) }
        let short = try #require(Bytes(hexadecimal: head + "01" + "0107" + "00000000000007"))
        #expect(throws: ProtocolError.truncated(needed: 8, remaining: 7)) {
            _ = try ApiVersionsResponse.decoded(from: short, version: 3)
        }
    }

    @Test func anExcessiveCountOfTaggedFieldsIsAnErrorAtTheEndOfTheBytes() throws {
        let bytes = try #require(Bytes(hexadecimal: "ffffffff0f" + "0100"))
        var reader = ByteReader(bytes)
        #expect(throws: ProtocolError.self) { _ = try reader.readTaggedFields() }
    }

    // MARK: Headers, records, codes

    @Test func headerVersionsFollowTheRequestsVersion() {
        #expect(MetadataRequest.requestHeaderVersion(8) == 1)
        #expect(MetadataRequest.requestHeaderVersion(9) == 2)
        #expect(MetadataResponse.responseHeaderVersion(8) == 0)
        #expect(MetadataResponse.responseHeaderVersion(9) == 1)
        #expect(SaslHandshakeRequest.requestHeaderVersion(1) == 1)
        // A client reads this response before it knows the broker's versions.
        #expect(ApiVersionsRequest.requestHeaderVersion(3) == 2)
        #expect(ApiVersionsResponse.responseHeaderVersion(3) == 0)
    }

    @Test func theClientIDOfAFlexibleHeaderHasATwoByteLength() throws {
        var header = RequestHeader()
        header.requestApiKey = APIKey.metadata.rawValue
        header.requestApiVersion = 9
        header.correlationId = 5
        header.clientId = "me"
        #expect(try header.encoded(version: 1).hexadecimal == "0003" + "0009" + "00000005" + "0002" + "6d65")
        #expect(try header.encoded(version: 2).hexadecimal == "0003" + "0009" + "00000005" + "0002" + "6d65" + "00")
        header.clientId = nil
        #expect(try header.encoded(version: 2).hexadecimal == "0003" + "0009" + "00000005" + "ffff" + "00")
    }

    @Test func recordsAreWrittenWithoutACopyAndReadAsASlice() throws {
        let first = Bytes(repeatElement(1, count: 4000))
        let second = Bytes(repeatElement(2, count: 5000))
        var partition = ProduceRequest.PartitionProduceData()
        partition.records = [first, second]
        var topic = ProduceRequest.TopicProduceData()
        topic.name = "t"
        topic.partitionData = [partition]
        var request = ProduceRequest()
        request.topicData = [topic]
        var writer = ByteWriter()
        try request.encode(into: &writer, version: 9)
        let segments = writer.finish()
        #expect(segments.contains { $0.storage === first.storage })
        #expect(segments.contains { $0.storage === second.storage })

        let bytes = try request.encoded(version: 9)
        let read = try ProduceRequest.decoded(from: bytes, version: 9)
        let records = try #require(read.topicData.first?.partitionData.first?.records)
        #expect(records.count == 1)
        #expect(records[0].storage === bytes.storage)
        #expect(records[0] == Bytes(Array(first) + Array(second)))
    }

    @Test func theLatestStableVersionIsNotTheUnstableOne() {
        #expect(InitProducerIdRequest.validVersions.upperBound == 6)
        #expect(InitProducerIdRequest.latestStableVersion == 5)
        #expect(InitProducerIdResponse.latestStableVersion == 5)
        #expect(FetchRequest.latestStableVersion == FetchRequest.validVersions.upperBound)
    }

    @Test func anUnknownErrorCodeIsPreserved() throws {
        let response = try HeartbeatResponse.decoded(from: [0x30, 0x39], version: 0)
        #expect(response.errorCode == ErrorCode(rawValue: 12345))
        #expect(response.errorCode.name == nil)
        #expect(!response.errorCode.isRetriable)
        #expect(response.errorCode.description == "error 12345")
        #expect(try response.encoded(version: 0) == Bytes([0x30, 0x39]))
    }

    @Test func errorCodesHaveAdvice() {
        #expect(ErrorCode.notLeaderOrFollower.rawValue == 6)
        #expect(ErrorCode.notLeaderOrFollower.description == "NOT_LEADER_OR_FOLLOWER (6)")
        #expect(ErrorCode.notLeaderOrFollower.isRetriable)
        #expect(ErrorCode.coordinatorLoadInProgress.isRetriable)
        #expect(!ErrorCode.topicAuthorizationFailed.isRetriable)
        #expect(ErrorCode.topicAuthorizationFailed.advice.contains("ACL"))
        for code in -1...Int16(136) {
            #expect(ErrorCode(rawValue: code).name != nil)
            #expect(ErrorCode(rawValue: code).advice.hasSuffix("."))
        }
    }

    @Test func apiKeysHaveNames() {
        #expect(APIKey.produce.rawValue == 0)
        #expect(APIKey.shareAcknowledge.description == "ShareAcknowledge")
        #expect(APIKey(rawValue: 999).name == nil)
    }
}
