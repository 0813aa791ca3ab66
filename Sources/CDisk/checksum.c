// CRC-32C: three streams at once with the processor's instruction (it has a latency of three cycles), joined by tables
// of zero runs; eight tables where the instruction is missing.
#include "checksum.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u
#define STRIDE 1024

static uint32_t table[8][256];
// Moves a checksum over STRIDE zero bytes.
static uint32_t run[4][256];

static uint32_t over_zeros(uint32_t crc, size_t count) {
    while (count--) crc = (crc >> 8) ^ table[0][crc & 0xff];
    return crc;
}

__attribute__((constructor)) static void fill(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++) table[k][n] = (table[k - 1][n] >> 8) ^ table[0][table[k - 1][n] & 0xff];
    for (int k = 0; k < 4; k++)
        for (uint32_t n = 0; n < 256; n++) run[k][n] = over_zeros(n << (8 * k), STRIDE);
}

uint32_t checksum_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    crc = ~crc;
    for (; count >= 8; at += 8, count -= 8) {
        crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^ table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24]
            ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
    }
    while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *at++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

static uint32_t shift(uint32_t crc) {
    return run[0][crc & 0xff] ^ run[1][crc >> 8 & 0xff] ^ run[2][crc >> 16 & 0xff] ^ run[3][crc >> 24];
}

static uint64_t load(const unsigned char *at) {
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t first = ~crc;
    for (; count >= 3 * STRIDE; at += 3 * STRIDE, count -= 3 * STRIDE) {
        uint64_t second = 0, third = 0;
        for (size_t n = 0; n < STRIDE; n += 8) {
            first = _mm_crc32_u64(first, load(at + n));
            second = _mm_crc32_u64(second, load(at + STRIDE + n));
            third = _mm_crc32_u64(third, load(at + 2 * STRIDE + n));
        }
        first = shift((uint32_t)first) ^ second;
        first = shift((uint32_t)first) ^ third;
    }
    for (; count >= 8; at += 8, count -= 8) first = _mm_crc32_u64(first, load(at));
    uint32_t rest = (uint32_t)first;
    while (count--) rest = _mm_crc32_u8(rest, *at++);
    return ~rest;
}

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count) {
    if (__builtin_cpu_supports("sse4.2")) return with_instruction(crc, bytes, count);
    return checksum_crc32c_portable(crc, bytes, count);
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    crc = ~crc;
    for (; count >= 8; at += 8, count -= 8) {
        uint64_t value;
        memcpy(&value, at, 8);
        crc = __crc32cd(crc, value);
    }
    while (count--) crc = __crc32cb(crc, *at++);
    return ~crc;
}

#else

uint32_t checksum_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return checksum_crc32c_portable(crc, bytes, count);
}

#endif
