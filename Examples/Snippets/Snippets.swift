// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The code in README.md and the documentation's articles. It is compiled, and `scripts/check-snippets` checks that the
// quoted code equals the code between the marks here.

import AsyncKafka
import Dispatch
import EmbeddedKafka
import KafkaOIDC

func produce() async throws {
    // snippet: produce
    let cluster = KafkaClientConfiguration(bootstrapServers: ["localhost:9092"])

    try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
        // Waits until the record is acknowledged by all in-sync replicas.
        let stored = try await producer.send(ProducerRecord(topic: "orders", key: "17", value: "paid"))
        print("stored in \(stored.topicPartition) at offset \(stored.offset ?? -1)")

        // Waits only for room in the buffer: the way to write many.
        for number in 0..<1_000_000 {
            try await producer.enqueue(ProducerRecord(topic: "orders", key: Bytes("\(number)"), value: "new"))
        }
    }  // leaving the scope delivers what is in the buffer
    // snippet end
}

func consume(_ cluster: KafkaClientConfiguration) async throws {
    // snippet: consume
    var configuration = ConsumerConfiguration(cluster, groupID: "billing")
    configuration.autoOffsetReset = .earliest
    configuration.enableAutoCommit = false

    try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["orders"]) { consumer in
        for try await batch in consumer.batches {  // or consumer.records, one by one
            for record in batch {
                print(record.offset, record.key ?? "no key", record.value ?? "deleted")
            }
            try await consumer.commit()  // everything handed out so far
        }
    }  // leaving the scope leaves the group
    // snippet end
}

/// Chooses how partitions move from member to member.
func groupProtocols(_ cluster: KafkaClientConfiguration) -> ConsumerConfiguration {
    var configuration = ConsumerConfiguration(cluster, groupID: "billing")
    // snippet: groupProtocols
    configuration.groupProtocol = .classic(ClassicGroupProtocol(assignors: [.cooperativeSticky]))
    configuration.groupProtocol = .consumer()
    configuration.groupProtocol = .automatic()
    // snippet end
    return configuration
}

/// Keeps an error typed.
func errors(producer: KafkaProducer) async throws {
    // snippet: errors
    do throws(KafkaError) {
        let stored = try await producer.send(ProducerRecord(topic: "orders", key: "17", value: "paid"))
        print("stored at offset \(stored.offset ?? -1)")
    } catch {
        // `error` is a KafkaError here.
        switch error.code {
        case .recordTooLarge, .authorizationFailed:
            print("skipped: \(error)")
        default:
            guard error.isRetriable, !error.isFatal else { throw error }
            print(error.isOutcomeUnknown ? "perhaps stored: \(error)" : "not stored: \(error)")
        }
    }
    // snippet end
}

// snippet: listener
struct SavedState: ConsumerRebalanceListener {
    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        for partition in partitions {
            try await consumer.seek(partition, to: .offset(try loadOffset(of: partition)))
        }
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        for partition in partitions {
            try saveOffset(try await consumer.position(of: partition), of: partition)
        }
    }
}
// snippet end

func loadOffset(of partition: TopicPartition) throws -> Int64 { 0 }
func saveOffset(_ offset: Int64, of partition: TopicPartition) throws {}

func embedded() async throws {
    // snippet: embedded
    try await EmbeddedKafka.withBroker { broker in
        let cluster = KafkaClientConfiguration(bootstrapServers: broker.bootstrapServers)
        try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
            _ = try await producer.send(ProducerRecord(topic: "orders", value: "paid"))
        }
        let records = try await broker.waitForRecords(1, in: "orders")
        assert(records[0].value == "paid")
    }
    // snippet end
}

func embeddedSecured() async throws {
    // snippet: embedded-secured
    let authority = try EmbeddedKafka.Authority()
    var configuration = EmbeddedKafka.Configuration()
    configuration.users = ["alice": "alice-secret"]
    configuration.listeners = [
        EmbeddedKafka.Listener("SECURE", tls: try authority.tls(), mechanisms: [.scramSHA512])
    ]
    try await EmbeddedKafka.withCluster(configuration) { kafka in
        var cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SECURE"))
        let trust = KafkaTLSConfiguration(trust: .pem(authority.certificate))
        cluster.security = .sasl(.scramSHA512(username: "alice", password: "alice-secret"), over: .tls(trust))
        try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
            _ = try await producer.send(ProducerRecord(topic: "orders", value: "paid"))
        }
    }
    // snippet end
}

func embeddedRecords(service: @escaping @Sendable ([String]) async throws -> Void) async throws {
    // snippet: embedded-records
    try await EmbeddedKafka.withBroker { kafka in
        try await kafka.createTopic("orders", partitions: 3)
        let work = Task { try await service(kafka.bootstrapServers) }
        let records = try await kafka.waitForRecords(2, in: "orders")
        assert(records.map(\.key) == ["17", "18"])
        try await kafka.waitForStableGroup("billing", members: 1)
        work.cancel()
    }
    // snippet end
}

func embeddedFaults(service: ([String]) async throws -> Void) async throws {
    // snippet: embedded-faults
    try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
        try await kafka.createTopic("orders", replicationFactor: 3)
        let refused = kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: 2)
        try await service(kafka.bootstrapServers)
        assert(refused.hits == 2)
        try await kafka.stopBroker(1)
        try await service(kafka.bootstrapServers)
    }
    // snippet end
}

func embeddedHold(_ kafka: EmbeddedKafka, service: @escaping @Sendable ([String]) async throws -> Void) async throws {
    // snippet: embedded-hold
    let hold = EmbeddedKafka.Hold()
    kafka.inject(.hold(hold), on: .produce)
    let work = Task { try await service(kafka.bootstrapServers) }
    await hold.untilHeld()  // The service has sent its records, and waits.
    let before = try await kafka.waitForRecords(0, in: "orders")
    assert(before.isEmpty)
    hold.release()
    try await work.value
    // snippet end
}

func embeddedCleaning(_ kafka: EmbeddedKafka, _ producer: KafkaProducer, now: Timestamp) async throws {
    // snippet: embedded-cleaning
    try await kafka.createTopic("orders", configuration: ["retention.ms": "60000"])
    let yesterday = Timestamp(millisecondsSince1970: now.millisecondsSince1970 - 86_400_000)
    _ = try await producer.send(ProducerRecord(topic: "orders", value: "old", timestamp: yesterday))
    _ = try await producer.send(ProducerRecord(topic: "orders", value: "new", timestamp: now))
    try await kafka.clean()
    let values = try await kafka.records(of: "orders").map(\.value)
    assert(values == ["new"])
    // snippet end
}

func embeddedAuthorized(service: ([String]) async throws -> Void) async throws {
    // snippet: embedded-acls
    var configuration = EmbeddedKafka.Configuration()
    configuration.users = ["billing": "billing-secret"]
    configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
    configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: ["User:ANONYMOUS"])
    try await EmbeddedKafka.withCluster(configuration) { kafka in
        let cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
        try await KafkaAdminClient.withAdminClient(cluster) { admin in
            let billing = KafkaPrincipal.user("billing")
            try await admin.createACLs([
                .allow(billing, .read, on: .topic("orders")), .allow(billing, .read, on: .groups(prefix: "billing")),
            ]).allSucceeded()
            try await admin.alterClientQuotas([.user("billing"): [.set(.consumerByteRate, to: 100_000)]]).allSucceeded()
        }
        try await service(kafka.bootstrapServers(of: "SASL"))
    }
    // snippet end
}

func connectSecurely(password: Secret) -> KafkaClientConfiguration {
    // snippet: security
    var cluster = KafkaClientConfiguration(bootstrapServers: ["kafka.example:9093"])
    cluster.security = .sasl(.scramSHA512(username: "billing", password: password), over: .tls())
    // snippet end
    return cluster
}

func tokensFromAServer(_ cluster: inout KafkaClientConfiguration, secret: Secret) throws {
    // snippet: client-credentials
    var endpoint = TokenEndpoint("https://login.example/oauth2/token")
    endpoint.additionalParameters = ["audience": "kafka"]
    let tokens = try ClientCredentialsTokenProvider(
        endpoint, clientID: "billing", clientSecret: secret, scope: "kafka")
    cluster.security = .sasl(.oauthBearer(CachingTokenProvider(tokens)), over: .tls())
    // snippet end
}

func tokensByAssertion() throws -> some OAuthBearerTokenProvider {
    // snippet: jwt-bearer
    let assertion = JWTAssertion(
        privateKey: .pemFile("/etc/billing/key.pem"), issuer: "billing", subject: "billing",
        audience: "https://login.example/oauth2/token")
    let tokens = try JWTBearerTokenProvider(
        TokenEndpoint("https://login.example/oauth2/token"), assertion: assertion)
    // snippet end
    return tokens
}

// snippet: blocking-tokens
struct VaultTokens: OAuthBearerTokenProvider {
    private let queue = DispatchQueue(label: "vault-tokens")

    func token() async throws -> OAuthBearerToken {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async {
                continuation.resume(with: Result { try readTokenBlocking() })
            }
        }
    }
}
// snippet end

func readTokenBlocking() throws -> OAuthBearerToken {
    OAuthBearerToken("of no worth", lifetime: .seconds(600))
}

func administer(_ cluster: KafkaClientConfiguration) async throws {
    // snippet: admin-start
    try await KafkaAdminClient.withAdminClient(cluster) { admin in
        let topics = try await admin.createIfMissing([
            NewTopic("orders", partitionCount: 12, replicationFactor: 3, configs: ["retention.ms": "604800000"]),
            NewTopic("payments"),  // the broker's defaults
        ])
        for topic in topics where topic.isNew { print("created \(topic)") }
    }
    // snippet end
}

func results(admin: KafkaAdminClient) async throws {
    // snippet: admin-results
    let results = await admin.describeTopics(["orders", "payments"])
    for (name, result) in results {
        switch result {
        case .success(let topic):
            print(topic)
        case .failure(let error) where error.code == .unknownTopicOrPartition:
            print("\(name) doesn't exist")
        case .failure(let error):
            print("\(name): \(error)")
        }
    }

    // Or all values at once, or the first error:
    let topics = try await admin.describeTopics(["orders", "payments"]).allSucceeded()
    print(topics["orders"]?.partitions.count ?? 0)
    // snippet end
}

func settings(admin: KafkaAdminClient) async throws {
    // snippet: admin-settings
    let orders = ConfigResource.topic("orders")
    let settings = try await admin.describeConfigs([orders, .broker(1)]).allSucceeded()
    if let retention = settings[orders]?["retention.ms"] {
        print(retention)  // retention.ms=604800000 (topic)
    }

    // Changes what is named, and nothing else.
    try await admin.incrementalAlterConfigs([
        orders: [.set("retention.ms", to: "86400000"), .delete("segment.bytes")]
    ]).allSucceeded()
    // snippet end
}

func groups(admin: KafkaAdminClient) async throws {
    // snippet: admin-groups
    for group in try await admin.listGroups(states: [.stable, .empty]) {
        print(group)  // billing (Classic, consumer, Stable)
    }
    if let lag = try await admin.describeGroupLag(["billing"]).allSucceeded()["billing"] {
        print(lag.total)
        for partition in lag.partitions where partition.lag ?? 0 > 1000 {
            print(partition)  // orders-0: lag 1500 (committed 12, end 1512)
        }
    }
    // snippet end
}

func reset(admin: KafkaAdminClient) async throws {
    // snippet: admin-reset
    let lastHour = OffsetReset.age(.seconds(3600))
    for change in try await admin.resetGroupOffsets(of: "billing", to: lastHour, dryRun: true) {
        print(change)  // orders-0: 1512 → 1304
    }
    try await admin.resetGroupOffsets(of: "billing", to: lastHour)
    // snippet end
}

func permissions(admin: KafkaAdminClient) async throws {
    // snippet: admin-acls
    try await admin.createACLs([
        .allow(.user("shop"), .write, on: .topic("orders")),
        .allow(.user("billing"), .read, on: .topics(prefix: "orders")),
        .allow(.user("billing"), .read, on: .group("billing")),
    ]).allSucceeded()

    // What is allowed or denied for a topic, also by prefixes and by "*":
    for binding in try await admin.describeACLs(matching: ACLBindingFilter(.topic, .applying(to: "orders"))) {
        print(binding)  // allow User:shop WRITE on topic orders
    }
    // snippet end
}

func transactions(cluster: KafkaClientConfiguration) async throws {
    // snippet: transactions
    try await KafkaTransactionalProducer.withProducer(
        ProducerConfiguration(cluster), transactionalID: "shop-1"
    ) { producer in
        try await producer.withTransaction(retrying: 3) { transaction in
            try await transaction.enqueue(ProducerRecord(topic: "invoices", key: "17", value: "49.90"))
            try await transaction.enqueue(ProducerRecord(topic: "letters", key: "17", value: "thank you"))
        }  // returning commits, throwing aborts
    }
    // snippet end
}

func process(cluster: KafkaClientConfiguration) async throws {
    // snippet: process
    var reading = ConsumerConfiguration(cluster, groupID: "billing")
    reading.enableAutoCommit = false  // The transactions commit the offsets.
    reading.isolationLevel = .readCommitted
    reading.autoOffsetReset = .earliest

    try await KafkaTransactionalProducer.withProducer(
        ProducerConfiguration(cluster), transactionalID: "billing-1"
    ) { producer in
        try await KafkaConsumer.withConsumer(reading, subscribedTo: ["orders"]) { consumer in
            try await producer.process(consumer, every: .milliseconds(100)) { batch, transaction in
                for record in batch {
                    try await transaction.enqueue(
                        ProducerRecord(topic: "invoices", key: record.key, value: record.value))
                }
            }
        }
    }
    // snippet end
}
