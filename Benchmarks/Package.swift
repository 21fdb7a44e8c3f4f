// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// A separate package, so that users of the library don't build the benchmarks.
let package = Package(
    name: "async-kafka-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "async-kafka", path: "..")],
    targets: [
        .executableTarget(
            name: "kafka-bench",
            dependencies: [
                .product(name: "AsyncKafka", package: "async-kafka"),
                .product(name: "EmbeddedKafka", package: "async-kafka"),
            ],
            swiftSettings: settings)
    ]
)
