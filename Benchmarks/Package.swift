// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// A package of its own, so that those who use the library build no benchmarks.
let package = Package(
    name: "async-kafka-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "async-kafka", path: "..")],
    targets: [
        .executableTarget(
            name: "kafka-bench", dependencies: [.product(name: "AsyncKafka", package: "async-kafka")],
            swiftSettings: settings)
    ]
)
