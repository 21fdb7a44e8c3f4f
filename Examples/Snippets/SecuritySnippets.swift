// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The code of the article about security at providers.

import AsyncKafka
import KafkaMSK
import KafkaOIDC

func confluentCloud(key: String, secret: Secret) -> KafkaClientConfiguration {
    // snippet: confluent-cloud
    var cluster = KafkaClientConfiguration(bootstrapServers: ["pkc-12345.eu-central-1.aws.confluent.cloud:9092"])
    cluster.security = .sasl(.plain(username: key, password: secret), over: .tls())
    // snippet end
    return cluster
}

// snippet: confluent-cloud-oauth
/// Adds to tokens what Confluent Cloud wants to know beside them.
struct ConfluentCloudTokens: OAuthBearerTokenProvider {
    let tokens: ClientCredentialsTokenProvider

    func token() async throws -> OAuthBearerToken {
        var token = try await self.tokens.token()
        token.extensions = ["logicalCluster": "lkc-12345", "identityPoolId": "pool-12345"]
        return token
    }
}
// snippet end

func confluentCloudTokens(_ cluster: inout KafkaClientConfiguration, secret: Secret) throws {
    // snippet: confluent-cloud-oauth-use
    let tokens = try ClientCredentialsTokenProvider(
        TokenEndpoint("https://login.example/oauth2/token"), clientID: "billing", clientSecret: secret)
    let provider = CachingTokenProvider(ConfluentCloudTokens(tokens: tokens))
    cluster.security = .sasl(.oauthBearer(provider), over: .tls())
    // snippet end
}

func currentCredentials() async throws -> AWSCredentials {
    AWSCredentials(accessKeyID: "AKIA", secretAccessKey: "of no worth")
}

func msk(user: String, password: Secret) -> [KafkaSecurity] {
    // snippet: msk
    let iam = MSKTokenProvider(region: "eu-central-1") { try await currentCredentials() }
    let byIAM = KafkaSecurity.sasl(.oauthBearer(iam), over: .tls())  // port 9098
    let byPassword = KafkaSecurity.sasl(.scramSHA512(username: user, password: password), over: .tls())  // 9096
    let identity = KafkaTLSConfiguration.Identity.pemFiles(chain: "client.pem", key: "client.key")
    let byCertificate = KafkaSecurity.tls(KafkaTLSConfiguration(identity: identity))  // 9094
    // snippet end
    return [byIAM, byPassword, byCertificate]
}

func eventHubs(connectionString: Secret) -> ProducerConfiguration {
    // snippet: event-hubs
    var cluster = KafkaClientConfiguration(bootstrapServers: ["shop.servicebus.windows.net:9093"])
    cluster.security = .sasl(.plain(username: "$ConnectionString", password: connectionString), over: .tls())
    // The service closes connections that were idle for four minutes.
    cluster.connectionMaxIdle = .seconds(180)
    cluster.metadataMaxAge = .seconds(180)
    cluster.requestTimeout = .seconds(60)

    var producing = ProducerConfiguration(cluster)
    producing.maxRequestSize = 1_000_000
    // snippet end
    return producing
}

func eventHubsTokens(_ cluster: inout KafkaClientConfiguration, tenant: String, secret: Secret) throws {
    // snippet: event-hubs-oauth
    let tokens = try ClientCredentialsTokenProvider(
        TokenEndpoint("https://login.microsoftonline.com/\(tenant)/oauth2/v2.0/token"),
        clientID: "billing", clientSecret: secret, scope: "https://shop.servicebus.windows.net/.default")
    cluster.security = .sasl(.oauthBearer(CachingTokenProvider(tokens)), over: .tls())
    // snippet end
}

func aiven(password: Secret) -> [KafkaSecurity] {
    // snippet: aiven
    let identity = KafkaTLSConfiguration.Identity.pemFiles(chain: "service.cert", key: "service.key")
    let byCertificate = KafkaSecurity.tls(KafkaTLSConfiguration(trust: .pemFile("ca.pem"), identity: identity))

    let tls = KafkaTLSConfiguration(trust: .pemFile("ca.pem"))
    let byPassword = KafkaSecurity.sasl(.scramSHA256(username: "avnadmin", password: password), over: .tls(tls))
    // snippet end
    return [byCertificate, byPassword]
}

func redpanda(password: Secret) -> KafkaSecurity {
    // snippet: redpanda
    let security = KafkaSecurity.sasl(.scramSHA256(username: "billing", password: password), over: .tls())
    // snippet end
    return security
}

func selfHosted(_ cluster: inout KafkaClientConfiguration, password: Secret) throws {
    // snippet: self-hosted
    let tls = KafkaTLSConfiguration(trust: .pemFile("/etc/kafka/ca.pem"))
    cluster.security = .sasl(.scramSHA512(username: "billing", password: password), over: .tls(tls))

    // Or what the administrators give to users of Kafka's own tools:
    cluster.security = try KafkaSecurity(propertiesFile: "/etc/kafka/client.properties")
    // snippet end
}
