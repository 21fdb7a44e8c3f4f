// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// A request that a broker is handling. It is only used on the cluster's loop.
final class Call {
    let cluster: EmbeddedCluster
    let broker: EmbeddedBroker
    let connection: ClientConnection
    let key: APIKey
    let version: Int16
    let correlationID: Int32
    let clientID: String
    let fault: RequestFault?
    /// Changes the response before it is sent.
    var rewrite: ((any KafkaResponse) -> any KafkaResponse)?
    private var isOver = false
    private var isLast = false

    init(connection: ClientConnection, header: RequestHeader, fault: RequestFault?) {
        self.cluster = connection.broker.cluster
        self.broker = connection.broker
        self.connection = connection
        self.key = APIKey(rawValue: header.requestApiKey)
        self.version = header.requestApiVersion
        self.correlationID = header.correlationId
        self.clientID = header.clientId ?? ""
        self.fault = fault
    }

    /// Sends the response and continues with the connection's next request, or closes the connection if it is the last
    /// one.
    func answer<Response: KafkaResponse>(_ response: Response, version: Int16? = nil, isLast: Bool = false) {
        guard !self.isOver else { return }
        self.isOver = true
        self.isLast = isLast
        let response = self.rewrite?(response) as? Response ?? response
        guard let frame = self.frame(response, version: version ?? self.version) else {
            self.connection.close()
            return
        }
        self.send(frame)
    }

    /// Completes a request without a response (acks 0).
    func endWithoutAnswer() {
        guard !self.isOver else { return }
        self.isOver = true
        self.connection.requestIsDone()
    }

    /// Closes the connection, as Kafka does for errors without a response.
    func closeConnection() {
        guard !self.isOver else { return }
        self.isOver = true
        self.connection.close()
    }

    /// Returns the encoded response without its length.
    private func frame<Response: KafkaResponse>(_ response: Response, version: Int16) -> [Bytes]? {
        do throws(ProtocolError) {
            var writer = ByteWriter()
            var header = ResponseHeader()
            header.correlationId = self.correlationID
            try header.encode(into: &writer, version: Response.responseHeaderVersion(version))
            try response.encode(into: &writer, version: version)
            return writer.finish()
        } catch {
            return nil
        }
    }

    private func send(_ frame: [Bytes]) {
        let connection = self.connection
        let isLast = self.isLast
        let loop = self.cluster.loop
        switch self.fault {
        case .delay(let duration):
            _ = self.cluster.after(duration) { connection.reply(frame, isLast: isLast) }
        case .dropAnswer:
            break
        case .closeAfterWork:
            connection.close()
        case .holdAnswer(let hold):
            hold.add { loop.execute { connection.reply(frame, isLast: isLast) } }
        case .garbage:
            connection.reply([Self.garbled(frame)], isLast: isLast)
        case .raw(let bytes):
            connection.replyUnframed(bytes)
        case .cut(let count):
            connection.sendUnframedAndClose(Self.prefix(frame, count))
        case nil, .fail, .answer, .rewrite, .closeBeforeWork, .hold:
            connection.reply(frame, isLast: isLast)
        }
    }

    /// Returns a frame with the same length and correlation ID but invalid content.
    private static func garbled(_ frame: [Bytes]) -> Bytes {
        let whole = Array(frame.joined())
        return Bytes(whole.prefix(4) + Array(repeating: 0xff, count: max(whole.count - 4, 0)))
    }

    /// Returns the first `count` bytes of a frame, including its length.
    private static func prefix(_ frame: [Bytes], _ count: Int) -> Bytes {
        let whole = Array(frame.joined())
        let length = withUnsafeBytes(of: Int32(clamping: whole.count).bigEndian) { Array($0) }
        return Bytes((length + whole).prefix(max(count, 0)))
    }

    /// Returns a broker's port at the listener of this connection.
    func port(of broker: EmbeddedBroker) -> Int32 {
        Int32(broker.ports[self.connection.listener])
    }

    /// Returns whether this broker coordinates the group.
    func coordinatesGroup(_ name: String) -> Bool {
        self.cluster.coordinator(.group, for: name) == self.broker.id
    }

    /// Returns whether this broker coordinates the transactions of a transactional ID.
    func coordinatesTransactions(of transactionalID: String) -> Bool {
        self.cluster.coordinator(.transaction, for: transactionalID) == self.broker.id
    }
}
