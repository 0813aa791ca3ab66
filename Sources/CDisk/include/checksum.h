// CRC-32C (Castagnoli, RFC 3720 §B.4): with the processor's own instruction where there is one.
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// Continues a checksum; the first call gets 0. Calls can be chained over pieces.
uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count);

// The same by tables, for machines without the instruction and for the test that compares both.
uint32_t checksum_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
