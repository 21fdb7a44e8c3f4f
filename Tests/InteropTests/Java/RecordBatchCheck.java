// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.StringJoiner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** Reads record batches, one per line in hexadecimal, with the classes of Kafka's brokers and clients, and prints their
 *  contents. */
public class RecordBatchCheck {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(line));
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
                batch.ensureValid();
                System.out.println("batch " + batch.magic() + " " + batch.compressionType().name
                    + " " + batch.baseOffset() + " " + batch.lastOffset() + " " + batch.countOrNull()
                    + " " + batch.maxTimestamp() + " " + batch.producerId() + " " + batch.producerEpoch()
                    + " " + batch.baseSequence() + " " + batch.isTransactional());
                for (Record record : batch) {
                    record.ensureValid();
                    StringJoiner text = new StringJoiner(" ");
                    text.add("record").add("" + record.offset()).add("" + record.timestamp());
                    text.add(hex(record.key())).add(hex(record.value()));
                    for (Header header : record.headers())
                        text.add(HexFormat.of().formatHex(header.key().getBytes("UTF-8")) + "="
                            + (header.value() == null ? "null" : HexFormat.of().formatHex(header.value())));
                    System.out.println(text);
                }
            }
        }
    }

    private static String hex(ByteBuffer bytes) {
        if (bytes == null) return "null";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return "x" + HexFormat.of().formatHex(copy);
    }
}
