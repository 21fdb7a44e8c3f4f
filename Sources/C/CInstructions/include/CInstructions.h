#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this CPU has the CRC32C instruction (SSE4.2 on x86-64, the CRC extension on arm64). If it has, this also
/// makes the tables that `ckafka_crc32c_instruction` needs: call it once, before everything else.
bool ckafka_crc32c_prepare(void);

/// CRC-32C (Castagnoli) of `length` bytes, continuing from `crc` (0 to begin), by the CPU's instruction.
/// Call only where `ckafka_crc32c_prepare()` has returned true.
uint32_t ckafka_crc32c_instruction(uint32_t crc, const void *bytes, size_t length);

/// Lets the CPU load memory into its cache, without waiting for it, because it will be written to soon. Reads and writes nothing.
static inline void ckafka_prefetch_for_writing(const void *bytes, size_t length) {
    if (length == 0) return;
    for (size_t offset = 0; offset < length; offset += 64) __builtin_prefetch((const char *)bytes + offset, 1);
    // The last line of the cache, if the memory doesn't begin with one.
    __builtin_prefetch((const char *)bytes + length - 1, 1);
}
