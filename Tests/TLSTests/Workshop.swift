// Certificates for tests, made by the openssl command in a directory of their own.

import Foundation
import Testing

/// A directory that goes away with its value.
final class Workshop: Sendable {
    let directory: String

    struct Made: Sendable {
        let certificate: String
        let key: String
    }

    init() throws {
        directory = NSTemporaryDirectory() + "postern-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        // Distributions differ in the extensions that their own settings add.
        try write("[req]\ndistinguished_name=dn\n[dn]\n", to: path("openssl.cnf"))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// Moves a file over another in one step.
    func move(_ old: String, over new: String) throws { try #require(rename(old, new) == 0) }

    /// Copies into the existing file, which keeps its inode.
    func copy(_ old: String, into new: String) throws { try Data(read(old)).write(to: URL(fileURLWithPath: new)) }

    /// - Parameters:
    ///   - kind: the words behind `-newkey`.
    ///   - issuer: nobody: it is signed by itself.
    @discardableResult
    func make(
        _ name: String, _ names: [String] = [], kind: [String] = Workshop.p256, by issuer: Made? = nil,
        days: Int = 90, options: [String] = []
    ) throws -> Made {
        let made = Made(certificate: path(name + ".pem"), key: path(name + ".key"))
        var arguments = ["req", "-x509", "-config", path("openssl.cnf"), "-nodes", "-days", "\(days)", "-subj", "/CN=\(name)"]
        arguments += ["-newkey"] + kind + ["-keyout", made.key, "-out", made.certificate] + options
        if names.isEmpty {
            arguments += ["-addext", "basicConstraints=critical,CA:TRUE"]
        } else {
            arguments += ["-addext", "subjectAltName=" + names.map { "DNS:" + $0 }.joined(separator: ",")]
        }
        if let issuer { arguments += ["-CA", issuer.certificate, "-CAkey", issuer.key] }
        try openssl(arguments)
        return made
    }

    static let p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    static let rsa = ["rsa:2048"]

    /// One file with the content of several.
    func join(_ files: [String], into name: String) throws -> String {
        let whole = try files.reduce(into: Data()) { $0 += Data(try read($1)) }
        try whole.write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func pfx(_ name: String, _ made: Made, password: String, options: [String] = []) throws -> String {
        let file = path(name)
        try openssl(
            ["pkcs12", "-export", "-in", made.certificate, "-inkey", made.key, "-out", file, "-passout", "pass:" + password]
                + options)
        return file
    }

    /// What openssl prints, both streams.
    @discardableResult
    func openssl(_ arguments: [String], input: String = "", mayFail: Bool = false) throws -> String {
        let (status, text) = try Workshop.run(["openssl"] + arguments, input: input)
        try #require(status == 0 || mayFail, "openssl \(arguments.joined(separator: " ")): \(text)")
        return text
    }

    /// A command that hangs ends by itself, and so fails its test.
    static func run(_ words: [String], input: String) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "30"] + words
        let (standardInput, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (standardInput, output, output)
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    /// The digest of a certificate's DER, as hexadecimal digits, computed by openssl.
    func digest(_ certificate: String, _ hash: String) throws -> String {
        let der = path("digest-\(UUID().uuidString).der")
        try openssl(["x509", "-in", certificate, "-outform", "der", "-out", der])
        let line = try openssl(["dgst", "-" + hash, "-r", der])
        return String(line.prefix { $0 != " " })
    }
}

func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
