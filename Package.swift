// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "async-kafka",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AsyncKafka", targets: ["AsyncKafka"]),
        .library(name: "KafkaFoundation", targets: ["KafkaFoundation"]),
        .library(name: "KafkaOIDC", targets: ["KafkaOIDC"]),
        .library(name: "KafkaMSK", targets: ["KafkaMSK"]),
        .library(name: "EmbeddedKafka", targets: ["EmbeddedKafka"]),
        .executable(name: "async-kafka", targets: ["async-kafka"]),
        .executable(name: "embedded-kafka", targets: ["embedded-kafka"]),
        .executable(name: "page-views", targets: ["page-views"]),
        .executable(name: "invoices", targets: ["invoices"]),
        .executable(name: "order-service", targets: ["order-service"]),
    ],
    traits: [
        .trait(name: "Zstd", description: "zstd compression, on the system's libzstd"),
        .trait(name: "LZ4", description: "lz4 compression, on the system's liblz4"),
        .trait(name: "Snappy", description: "snappy compression, on the system's libsnappy"),
        .trait(name: "GSSAPI", description: "SASL GSSAPI, on the system's MIT Kerberos (libkrb5-dev)"),
        .trait(name: "SwiftLog", description: "the log as swift-log's (fetches swift-log)"),
        .trait(name: "SwiftMetrics", description: "the metrics as swift-metrics' (fetches swift-metrics)"),
        .trait(name: "DistributedTracing", description: "spans of swift-distributed-tracing (fetches it)"),
        .trait(name: "ServiceLifecycle", description: "clients as services of swift-service-lifecycle (fetches it)"),
        .default(enabledTraits: ["Zstd", "LZ4", "Snappy"]),
    ],
    // A package is fetched only if a trait needs it.
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-service-context.git", from: "1.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
    ],
    targets: [
        // C code for what Swift can't express, and the system's libraries.
        .target(name: "CInstructions", path: "Sources/C/CInstructions"),
        .target(name: "CEpoll", path: "Sources/C/CEpoll"),
        .systemLibrary(
            name: "CZlib", path: "Sources/C/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CZstd", path: "Sources/C/CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CLZ4", path: "Sources/C/CLZ4", pkgConfig: "liblz4",
            providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
        .systemLibrary(
            name: "CSnappy", path: "Sources/C/CSnappy", pkgConfig: "snappy",
            providers: [.apt(["libsnappy-dev"]), .brew(["snappy"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/C/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        // Without pkg-config, because SwiftPM warns about its -isystem flag.
        .systemLibrary(
            name: "CGSSAPI", path: "Sources/C/CGSSAPI", providers: [.apt(["libkrb5-dev"]), .brew(["krb5"])]),

        // The library, lower layers first.
        .target(name: "KafkaMemory", swiftSettings: settings),
        .target(
            name: "KafkaProtocol",
            dependencies: [
                "KafkaMemory", "CInstructions", "CZlib",
                .target(name: "CZstd", condition: .when(traits: ["Zstd"])),
                .target(name: "CLZ4", condition: .when(traits: ["LZ4"])),
                .target(name: "CSnappy", condition: .when(traits: ["Snappy"])),
            ],
            swiftSettings: settings),
        .target(
            name: "KafkaTransport",
            dependencies: [
                "KafkaMemory", "CEpoll", "COpenSSL", .target(name: "CGSSAPI", condition: .when(traits: ["GSSAPI"])),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncKafka",
            dependencies: [
                "KafkaMemory", "KafkaProtocol", "KafkaTransport", "COpenSSL",
                .target(name: "CGSSAPI", condition: .when(traits: ["GSSAPI"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
                .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["SwiftMetrics"])),
                .product(
                    name: "Tracing", package: "swift-distributed-tracing",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "Instrumentation", package: "swift-distributed-tracing",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "ServiceContextModule", package: "swift-service-context",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])),
            ],
            swiftSettings: settings),
        .target(name: "KafkaFoundation", dependencies: ["AsyncKafka"], swiftSettings: settings),
        .target(
            name: "KafkaOIDC", dependencies: ["AsyncKafka", "KafkaMemory", "KafkaTransport", "COpenSSL"],
            swiftSettings: settings),
        .target(name: "KafkaMSK", dependencies: ["AsyncKafka", "KafkaTransport"], swiftSettings: settings),
        .target(
            name: "EmbeddedKafka", dependencies: ["KafkaMemory", "KafkaProtocol", "KafkaTransport"],
            swiftSettings: settings),

        // Programs.
        .executableTarget(name: "kafka-codegen", exclude: ["Definitions"], swiftSettings: settings),
        .executableTarget(name: "api-listing", swiftSettings: settings),
        .executableTarget(name: "metrics-table", dependencies: ["AsyncKafka"], swiftSettings: settings),
        .target(name: "ArgumentParsing", swiftSettings: settings),
        .executableTarget(
            name: "async-kafka", dependencies: ["AsyncKafka", "ArgumentParsing"], swiftSettings: settings),
        .executableTarget(
            name: "embedded-kafka", dependencies: ["EmbeddedKafka", "ArgumentParsing"], swiftSettings: settings),
        .executableTarget(
            name: "page-views", dependencies: ["AsyncKafka", "EmbeddedKafka", "ArgumentParsing"],
            path: "Examples/PageViews", swiftSettings: settings),
        .executableTarget(
            name: "invoices", dependencies: ["AsyncKafka", "EmbeddedKafka", "ArgumentParsing"],
            path: "Examples/Invoices", swiftSettings: settings),
        .executableTarget(
            name: "order-service", dependencies: ["AsyncKafka", "EmbeddedKafka"], path: "Examples/OrderService",
            exclude: ["Dockerfile", "Dockerfile.dockerignore"], swiftSettings: settings),

        // The code quoted in README.md and the articles, which is compiled so that it stays correct.
        .target(
            name: "Snippets", dependencies: ["AsyncKafka", "EmbeddedKafka", "KafkaMSK", "KafkaOIDC"],
            path: "Examples/Snippets",
            swiftSettings: settings),

        // Tests, and the support code that runs real Kafka.
        .systemLibrary(name: "CMalloc", path: "Tests/CMalloc"),
        .target(
            name: "KafkaTestSupport",
            dependencies: ["KafkaProtocol", "KafkaTransport", "KafkaMemory", "COpenSSL", "CMalloc"],
            path: "Tests/KafkaTestSupport", swiftSettings: settings),
        .testTarget(
            name: "InteropTests",
            dependencies: [
                "AsyncKafka", "EmbeddedKafka", "KafkaOIDC", "KafkaTestSupport", "KafkaProtocol", "KafkaTransport",
                "KafkaMemory", "async-kafka", "invoices", "order-service",
            ],
            exclude: ["Java"],
            swiftSettings: settings),
        .testTarget(name: "KafkaMemoryTests", dependencies: ["KafkaMemory"], swiftSettings: settings),
        .testTarget(
            name: "KafkaProtocolTests", dependencies: ["KafkaProtocol", "KafkaMemory"],
            resources: [.copy("Golden")], swiftSettings: settings),
        .testTarget(
            name: "KafkaTransportTests",
            dependencies: ["KafkaTransport", "KafkaTestSupport", "KafkaMemory", "COpenSSL"],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncKafkaTests",
            dependencies: [
                "AsyncKafka", "EmbeddedKafka", "KafkaFoundation", "KafkaTestSupport", "KafkaProtocol", "KafkaTransport",
                "KafkaMemory",
                .product(
                    name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog", "ServiceLifecycle"])),
                .product(name: "InMemoryLogging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["SwiftMetrics"])),
                .product(
                    name: "InMemoryTracing", package: "swift-distributed-tracing",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "Tracing", package: "swift-distributed-tracing",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "ServiceContextModule", package: "swift-service-context",
                    condition: .when(traits: ["DistributedTracing"])),
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "KafkaOIDCTests",
            dependencies: ["KafkaOIDC", "AsyncKafka", "KafkaTestSupport", "KafkaTransport", "KafkaMemory"],
            swiftSettings: settings),
        .testTarget(
            name: "EmbeddedKafkaTests",
            dependencies: [
                "EmbeddedKafka", "KafkaTestSupport", "KafkaProtocol", "KafkaTransport", "KafkaMemory",
            ],
            swiftSettings: settings),
        .testTarget(name: "ArgumentParsingTests", dependencies: ["ArgumentParsing"], swiftSettings: settings),
        .testTarget(
            name: "CommandLineToolTests",
            dependencies: ["async-kafka", "AsyncKafka", "EmbeddedKafka", "ArgumentParsing", "KafkaTestSupport"],
            swiftSettings: settings),
        .testTarget(name: "KafkaMSKTests", dependencies: ["KafkaMSK", "AsyncKafka"], swiftSettings: settings),
        .testTarget(
            name: "PageViewsTests",
            dependencies: ["page-views", "embedded-kafka", "AsyncKafka", "KafkaTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "InvoicesTests",
            dependencies: ["invoices", "AsyncKafka", "EmbeddedKafka", "ArgumentParsing", "KafkaTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "OrderServiceTests",
            dependencies: [
                "order-service", "AsyncKafka", "EmbeddedKafka", "KafkaTestSupport", "KafkaTransport", "KafkaMemory",
            ],
            swiftSettings: settings),
    ]
)

// Only for scripts/fuzz, which links libFuzzer.
if Context.environment["ASYNC_KAFKA_FUZZ"] != nil {
    package.targets += [
        .target(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "decoder-fuzzer",
            dependencies: ["CLibFuzzer", "AsyncKafka", "KafkaOIDC", "KafkaProtocol", "KafkaTransport", "KafkaMemory"],
            path: "Fuzz/DecoderFuzzer", swiftSettings: settings),
    ]
}

// Only for scripts/micro-benchmarks, which measures code below the public API.
if Context.environment["ASYNC_KAFKA_MICRO_BENCHMARKS"] != nil {
    package.targets += [
        .executableTarget(
            name: "micro-benchmarks", dependencies: ["KafkaProtocol", "KafkaTransport", "KafkaMemory"],
            path: "Benchmarks/MicroBenchmarks", swiftSettings: settings)
    ]
}
