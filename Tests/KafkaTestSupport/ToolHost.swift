// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import KafkaMemory

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A JVM in which Kafka's command-line classes run one after another, or several at once.
///
/// To start a JVM for a class takes longer than most classes run. `ToolHost.java` tells how the runs are kept apart.
package actor ToolHost {
    private static let all = Lock<[String: ToolHost]>([:])

    private let classPath: String?
    private var starting: Task<Running, any Error>?

    /// Creates a host, whose JVM starts when it is first needed.
    ///
    /// - Parameter classPath: The jars with the classes. Default: the newest tools.
    package init(classPath: String? = nil) {
        self.classPath = classPath
    }

    /// The host that the whole process uses for a class path.
    static func shared(_ classPath: String?) -> ToolHost {
        self.all.withLock { hosts in
            if let host = hosts[classPath ?? ""] { return host }
            let host = ToolHost(classPath: classPath)
            hosts[classPath ?? ""] = host
            return host
        }
    }

    /// A host that was started.
    private struct Running {
        let process: ChildProcess
        let port: Int
    }

    /// The process id of the JVM, if it has been started.
    package var pid: pid_t? {
        get async { try? await self.starting?.value.process.pid }
    }

    /// Ends the JVM.
    package func stop() async {
        await (try? self.starting?.value)?.process.destroy()
    }

    /// Runs a class to its end and returns the lines of its standard output.
    ///
    /// If the task is cancelled, the class is interrupted, and an error thrown when it has ended.
    @discardableResult
    package func run(_ tool: String, _ arguments: [String], input: String = "") async throws -> [String] {
        let (host, connection) = try await self.connected()
        let answer = await withTaskCancellationHandler {
            await connection.run([input, tool] + arguments)
        } onCancel: {
            connection.cancel()
        }
        try Task.checkCancellation()
        let name = tool.split(separator: ".").last.map(String.init) ?? tool
        guard let status = answer.status else {
            await host.process.stop(within: .seconds(5))
            throw KafkaTool.failure(
                of: "The JVM of \(name)", status: host.process.status ?? 0, lines: answer.lines,
                errors: answer.errors + host.process.errors)
        }
        guard status == 0 else {
            throw KafkaTool.failure(of: name, status: status, lines: answer.lines, errors: answer.errors)
        }
        return answer.lines
    }

    /// Connects to the running JVM. One that refuses is ending, and is replaced.
    private func connected() async throws -> (Running, ToolConnection) {
        let host = try await self.running()
        if let connection = try? ToolConnection(port: host.port) { return (host, connection) }
        await host.process.destroy()
        let another = try await self.running()
        return (another, try ToolConnection(port: another.port))
    }

    /// Returns the running JVM. Starts one if there is none, or if it has died.
    private func running() async throws -> Running {
        if let task = self.starting {
            if let host = try? await task.value, host.process.isRunning { return host }
            // Another call may have started one meanwhile.
            if self.starting != task { return try await self.running() }
        }
        let task = Task { [classPath] in try await Self.start(classPath) }
        self.starting = task
        return try await task.value
    }

    private static func start(_ classPath: String?) async throws -> Running {
        let process = try KafkaTool.start(
            JavaProgram.source(of: "ToolHost").path, [], classPath: classPath,
            // One configuration of the log for all runs, whose classes have loaders of their own.
            options: [
                "-Xmx1g", "-XX:+ExitOnOutOfMemoryError",
                "-Dlog4j2.contextSelector=org.apache.logging.log4j.core.selector.BasicContextSelector",
            ])
        for await line in process.lines {
            if let port = Int(line) { return Running(process: process, port: port) }
        }
        throw KafkaTool.failure(of: process.name, status: await process.ended(), lines: [], errors: process.errors)
    }
}

/// A run in the host.
private final class ToolConnection: Sendable {
    struct Answer {
        var lines: [String] = []
        var errors = ""
        /// Nil if the JVM has ended before the run.
        var status: Int32?
    }

    private let socket: FileHandle

    init(port: Int) throws {
        let descriptor = LoopbackSocket.make()
        self.socket = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard LoopbackSocket.withAddress(port: port, { connect(descriptor, $0, $1) }) == 0 else {
            throw RealCluster.Failure(description: "The JVM of Kafka's tools accepts no connection: error \(errno)")
        }
    }

    /// Sends the request and waits for the answer.
    func run(_ request: [String]) async -> Answer {
        var data = Self.bytes(request.count)
        for string in request {
            let bytes = Data(string.utf8)
            data += Self.bytes(bytes.count) + bytes
        }
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread { [data] in
                blockBrokenPipeSignals()
                continuation.resume(returning: self.answer(to: data))
            }
        }
    }

    /// Tells the host to end the run, which it then answers.
    func cancel() {
        _ = shutdown(self.socket.fileDescriptor, Int32(SHUT_WR))
    }

    private func answer(to request: Data) -> Answer {
        var answer = Answer()
        var output = LineSplitter()
        var errors = Data()
        do {
            try self.socket.write(contentsOf: request)
            reading: while let kind = try self.read(1).first, let number = try self.readNumber() {
                switch UnicodeScalar(kind) {
                case "o": answer.lines += output.lines(adding: try self.read(Int(number)))
                case "e": errors += try self.read(Int(number))
                default:
                    answer.status = number
                    break reading
                }
            }
        } catch {
            // The connection is gone, which is told by the status that is missing.
        }
        answer.lines += output.lines(adding: Data())
        answer.errors = String(decoding: errors, as: UTF8.self)
        return answer
    }

    /// Reads a number of bytes, fewer at the end of the connection.
    private func read(_ count: Int) throws -> Data {
        var data = Data()
        while data.count < count, let more = try self.socket.read(upToCount: count - data.count), !more.isEmpty {
            data += more
        }
        return data
    }

    private func readNumber() throws -> Int32? {
        let data = try self.read(4)
        return data.count == 4 ? data.reduce(0) { $0 << 8 | Int32($1) } : nil
    }

    private static func bytes(_ number: Int) -> Data {
        withUnsafeBytes(of: Int32(number).bigEndian) { Data($0) }
    }
}
