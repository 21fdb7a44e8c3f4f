#include "CChecksum.h"

bool ckafka_crc32c_has_instruction(void) { return false; }
uint32_t ckafka_crc32c_instruction(uint32_t crc, const void *bytes, size_t length) {
    (void)bytes; (void)length;
    return crc;
}
