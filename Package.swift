// swift-tools-version: 6.2
// The walls of the house: what a target names here is all that its code may know. `make test` holds the imports to it.
import PackageDescription

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHelpers = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// The store's benchmark is made of the same sources, since a program cannot be linked into another.
let storeParts: [Target.Dependency] = [
    "Mail", "POP3", "SASL", "IPC", "Sandbox", "Settings", "Journal", "Door", "CLinux", "CDisk", "CCrypt", nio, nioPosix,
    crypto,
    .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
]

let package = Package(
    name: "postern",
    products: [
        .executable(name: "postern", targets: ["postern"]),
        .executable(name: "postern-listener", targets: ["listener"]),
        .executable(name: "postern-router", targets: ["router"]),
        .executable(name: "postern-store", targets: ["store"]),
        .executable(name: "postern-delivery", targets: ["delivery"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit.git", exact: "0.6.0"),
    ],
    targets: [
        // Pure libraries: bytes to meaning and back. No clock, no randomness, no socket, no log, no Foundation.
        .target(name: "Mail"),
        .target(name: "SMTP", dependencies: ["Mail"]),
        .target(name: "POP3", dependencies: ["Mail"]),
        .target(name: "DNS", dependencies: ["Mail"]),
        .target(name: "MIME", dependencies: ["Mail"]),
        .target(name: "Archive", dependencies: ["Mail"]),
        .target(name: "ProxyProtocol", dependencies: ["Mail"]),
        .target(name: "IDNA", dependencies: ["Mail", "CIDN2"]),
        .target(name: "SASL", dependencies: ["Mail", "COpenSSL", "CStringprep", crypto]),

        // Roads, walls and what every room needs to stand.
        .target(name: "IPC", dependencies: ["Mail", "CLinux", nio, nioPosix, crypto]),
        .target(name: "Sandbox", dependencies: ["Mail", "CLinux", "CSeccomp", "CCap"]),
        .target(name: "Systemd", dependencies: ["CLinux"]),
        .target(name: "Settings", dependencies: ["Mail"]),
        .target(name: "Journal", dependencies: ["Mail", logging]),
        .target(
            name: "TLS", dependencies: ["Mail", nio, nioSSL, .product(name: "NIOTLS", package: "swift-nio"), crypto]),
        .target(
            name: "Door",
            dependencies: ["Mail", "IPC", "Sandbox", "Systemd", "Settings", "Journal", "CLinux", nio, nioPosix]),
        .target(name: "CLinux"),
        .target(name: "CDisk"),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .systemLibrary(name: "CStringprep", pkgConfig: "libidn", providers: [.apt(["libidn-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),

        // The rooms.
        .executableTarget(
            name: "listener",
            dependencies: [
                "Mail", "SMTP", "POP3", "ProxyProtocol", "TLS", "IPC", "Sandbox", "Settings", "Journal", "Door", nio,
                nioPosix,
            ]),
        .executableTarget(
            name: "router",
            dependencies: [
                "Mail", "SMTP", "MIME", "IDNA", "IPC", "Sandbox", "Settings", "Journal", "Door", "CLinux", nio, nioPosix,
            ]),
        .executableTarget(name: "store", dependencies: storeParts),
        .executableTarget(
            name: "delivery",
            dependencies: [
                "Mail", "SMTP", "DNS", "TLS", "IPC", "Sandbox", "Settings", "Journal", "Door", "CUnbound", nio,
                nioPosix,
                crypto,
            ]),
        .executableTarget(
            name: "postern",
            dependencies: [
                "Mail", "Archive", "IDNA", "TLS", "IPC", "Settings", "Sandbox", "Systemd", "Journal", "Door", "CLinux", nio,
                nioPosix, crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests: the same names and folders as the sources.
        .testTarget(name: "MailTests", dependencies: ["Mail"]),
        .target(name: "TranscriptFiles", path: "Tests/TranscriptFiles"),
        .testTarget(name: "SMTPTests", dependencies: ["SMTP", "Mail", "TranscriptFiles"]),
        .testTarget(name: "IPCTests", dependencies: ["IPC", "Mail", "CLinux", nio, nioPosix, nioEmbedded]),
        .executableTarget(name: "wall-probe", dependencies: ["Mail", "Sandbox"], path: "Tests/WallProbe"),
        .testTarget(name: "SandboxTests", dependencies: ["Mail", "Sandbox", "CSeccomp", "wall-probe"]),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd"]),
        .testTarget(name: "ArchiveTests", dependencies: ["Archive"]),
        .testTarget(name: "POP3Tests", dependencies: ["POP3", "Mail"]),
        .testTarget(name: "IDNATests", dependencies: ["IDNA", "Mail"]),
        .testTarget(name: "MIMETests", dependencies: ["MIME"]),
        .testTarget(name: "ProxyProtocolTests", dependencies: ["ProxyProtocol", "Mail"]),
        .testTarget(name: "DNSTests", dependencies: ["DNS", "Mail"]),
        .target(name: "SASLClients", dependencies: [crypto], path: "Tests/SASLClients"),
        .testTarget(name: "SASLTests", dependencies: ["SASL", "SASLClients", "Mail"]),
        .testTarget(name: "TLSTests", dependencies: ["TLS", "Mail", nio, nioPosix, nioSSL]),
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "delivery", "Mail", "SMTP", "DNS", "TLS", "IPC", "Settings", "Journal", nio, nioPosix, nioSSL,
            ]),
        // TOMLKit is what our own reader is held against; linked into a room it would bring Foundation along.
        .testTarget(
            name: "SettingsTests", dependencies: ["Settings", "Mail", .product(name: "TOMLKit", package: "TOMLKit")]),
        .testTarget(name: "JournalTests", dependencies: ["Journal", "Mail", logging]),
        .target(name: "FakeRooms", dependencies: ["IPC", "Mail", nio, nioPosix], path: "Tests/FakeRooms"),
        .testTarget(
            name: "RouterTests",
            dependencies: ["router", "FakeRooms", "IPC", "Mail", "SMTP", "Settings", nio, nioPosix]),
        .testTarget(
            name: "ListenerTests",
            dependencies: [
                "listener", "router", "store", "FakeRooms", "POP3House", "IPC", "Mail", "SMTP", "POP3", nio,
                nioPosix, nioHelpers,
            ]),
        .target(
            name: "POP3House", dependencies: ["listener", "store", "IPC", "Mail", nio, nioPosix, nioHelpers],
            path: "Tests/POP3House"),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "store", "POP3House", "IPC", "Mail", "POP3", "SASL", "SASLClients", "Settings", "CDisk", nio, nioPosix,
                nioEmbedded, nioHelpers, crypto, .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(name: "DoorTests", dependencies: ["Door", "IPC", "Mail", "Sandbox"]),
        .testTarget(
            name: "PosternTests",
            dependencies: [
                "postern", "Archive", "Mail", "IPC", "Settings", "Door", nio, nioPosix, crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "RoomTests"),
        .testTarget(
            name: "SystemTests", dependencies: ["listener", "router", "store", "delivery", "postern", "TranscriptFiles"]),

        // Rubbish for the parsers, figures for the budgets.
        .executableTarget(name: "ipc-fuzz", dependencies: ["IPC", "Mail", nio, nioPosix], path: "Fuzz/ipc"),
        .executableTarget(name: "ipc-bench", dependencies: ["IPC", "Mail", nio, nioPosix], path: "Benchmarks/ipc"),
        .executableTarget(name: "smtp-fuzz", dependencies: ["SMTP", "Mail", "FuzzRun"], path: "Fuzz/smtp"),
        .executableTarget(name: "archive-fuzz", dependencies: ["Archive", "FuzzRun"], path: "Fuzz/archive"),
        .executableTarget(name: "pop3-fuzz", dependencies: ["POP3", "FuzzRun"], path: "Fuzz/pop3"),
        .target(name: "FuzzRun", path: "Fuzz/run"),
        .executableTarget(name: "mime-fuzz", dependencies: ["MIME", "FuzzRun"], path: "Fuzz/mime"),
        .executableTarget(name: "mime-bench", dependencies: ["MIME", "CAllocations"], path: "Benchmarks/mime"),
        .executableTarget(name: "sasl-fuzz", dependencies: ["SASL", "SASLClients", "Mail", "FuzzRun"], path: "Fuzz/sasl"),
        .target(name: "CAllocations", path: "Benchmarks/allocations"),
        .executableTarget(name: "smtp-bench", dependencies: ["SMTP", "Mail", "CAllocations"], path: "Benchmarks/smtp"),
    ],
    swiftLanguageModes: [.v6]
)
for target in package.targets
where [.regular, .executable, .test].contains(target.type) && !target.name.hasPrefix("C") {
    target.swiftSettings = strict
}
