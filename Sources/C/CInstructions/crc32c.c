// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#include "CInstructions.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <nmmintrin.h>

#define CRC32C_TARGET __attribute__((target("sse4.2")))

static bool cpu_has_instruction(void) {
    unsigned int eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & (1u << 20)) != 0;
}

CRC32C_TARGET static inline uint32_t step8(uint32_t crc, uint64_t word) { return (uint32_t)_mm_crc32_u64(crc, word); }
CRC32C_TARGET static inline uint32_t step1(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }

#elif defined(__aarch64__)

#include <arm_acle.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__ARM_FEATURE_CRC32)
#define CRC32C_TARGET
#else
#define CRC32C_TARGET __attribute__((target("+crc")))
#endif

static bool cpu_has_instruction(void) {
#if defined(__ARM_FEATURE_CRC32)
    return true;
#elif defined(__linux__)
    return (getauxval(AT_HWCAP) & (1ul << 7)) != 0;  // HWCAP_CRC32
#else
    return false;
#endif
}

CRC32C_TARGET static inline uint32_t step8(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
CRC32C_TARGET static inline uint32_t step1(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }

#endif

#if defined(CRC32C_TARGET)

// The instruction has a latency of three cycles and a throughput of one, so three independent streams run three times
// as fast as one. Their results are joined by moving a CRC over a block of zeros, which is linear: one table look-up a
// byte of the CRC.
#define LONG_BLOCK 2048
#define SHORT_BLOCK 256

static uint32_t over_long[4][256];
static uint32_t over_short[4][256];

static inline uint64_t load8(const uint8_t *bytes) {
    uint64_t word;
    __builtin_memcpy(&word, bytes, 8);
    return word;
}

static inline uint32_t skip(const uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^ table[3][crc >> 24];
}

CRC32C_TARGET static void make_table(uint32_t table[4][256], size_t zeros) {
    for (int part = 0; part < 4; part++) {
        table[part][0] = 0;
        for (int bit = 0; bit < 8; bit++) {
            uint32_t crc = 1u << (8 * part + bit);
            for (size_t done = 0; done < zeros; done += 8) crc = step8(crc, 0);
            for (int low = 0; low < 1 << bit; low++) table[part][(1 << bit) | low] = table[part][low] ^ crc;
        }
    }
}

CRC32C_TARGET static inline uint32_t three_blocks(
    uint32_t crc, const uint8_t *bytes, size_t block, const uint32_t table[4][256]
) {
    uint32_t second = 0, third = 0;
    for (size_t i = 0; i < block; i += 8) {
        crc = step8(crc, load8(bytes + i));
        second = step8(second, load8(bytes + block + i));
        third = step8(third, load8(bytes + 2 * block + i));
    }
    return skip(table, skip(table, crc) ^ second) ^ third;
}

bool ckafka_crc32c_prepare(void) {
    if (!cpu_has_instruction()) return false;
    make_table(over_long, LONG_BLOCK);
    make_table(over_short, SHORT_BLOCK);
    return true;
}

CRC32C_TARGET uint32_t ckafka_crc32c_instruction(uint32_t crc, const void *start, size_t length) {
    const uint8_t *bytes = start;
    crc = ~crc;
    for (; length >= 3 * LONG_BLOCK; bytes += 3 * LONG_BLOCK, length -= 3 * LONG_BLOCK) {
        crc = three_blocks(crc, bytes, LONG_BLOCK, over_long);
    }
    for (; length >= 3 * SHORT_BLOCK; bytes += 3 * SHORT_BLOCK, length -= 3 * SHORT_BLOCK) {
        crc = three_blocks(crc, bytes, SHORT_BLOCK, over_short);
    }
    for (; length >= 8; bytes += 8, length -= 8) crc = step8(crc, load8(bytes));
    for (; length > 0; bytes++, length--) crc = step1(crc, *bytes);
    return ~crc;
}

#else

bool ckafka_crc32c_prepare(void) { return false; }

uint32_t ckafka_crc32c_instruction(uint32_t crc, const void *bytes, size_t length) {
    (void)bytes;
    (void)length;
    return crc;
}

#endif
