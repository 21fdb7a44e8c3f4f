import KafkaMemory
import Testing

@Suite struct BytesTests {
    @Test func literalsStringsAndSequencesCreateTheSameBytes() {
        let text: Bytes = "paid"
        let array: Bytes = [0x70, 0x61, 0x69, 0x64]
        #expect(text == array)
        #expect(Bytes("xpaid".dropFirst()) == array)
        #expect(Bytes(stride(from: UInt8(0x70), to: 0x71, by: 1)) == Bytes([0x70]))
        #expect(text.hashValue == array.hashValue)
    }

    @Test func aSliceSharesStorageAndCountsFromZero() {
        let whole: Bytes = "abcdef"
        let part = whole[2..<5]
        #expect(part == "cde")
        #expect(part.startIndex == 0 && part.endIndex == 3)
        #expect(part[0] == UInt8(ascii: "c"))
        #expect(part.detached() == part)
        #expect(part.storage === whole.storage)
        #expect(part.detached().storage !== whole.storage)
    }

    @Test func theDescriptionShowsTextAsTextAndOtherBytesAsHexadecimal() {
        #expect("größe" as Bytes as Bytes == Bytes("größe"))
        #expect(Bytes("größe").description == "größe")
        #expect(Bytes([0xff, 0x00]).description == "2 bytes (ff00)")
    }

    @Test func largeBlocksAreReusedUpToTheLimit() throws {
        let pool = BufferPool(limit: 1 << 20)
        let block = try #require(pool.take(atLeast: 100_000))
        #expect(block.capacity == 131_072)
        pool.give(block)
        #expect(pool.idleBytes == 131_072)
        let again = try #require(pool.take(atLeast: 120_000))
        #expect(again.base == block.base)
        #expect(pool.idleBytes == 0)
        pool.give(again)
        let large = try #require(pool.take(atLeast: 2 << 20))
        pool.give(large)
        #expect(pool.idleBytes == 131_072)
        #expect(pool.take(atLeast: 100) == nil)
    }

    @Test func thePoolKeepsTheSizeThatWasReturnedLast() throws {
        let pool = BufferPool(limit: 1 << 20)
        let small = try [1, 2].map { _ in try #require(pool.take(atLeast: 1 << 18)) }
        let large = try #require(pool.take(atLeast: 1 << 20))
        for block in small { pool.give(block) }
        #expect(pool.idleBytes == 2 << 18)
        pool.give(large)
        #expect(pool.idleBytes == 1 << 20)
        #expect(try #require(pool.take(atLeast: 1 << 20)).base == large.base)
    }
}
