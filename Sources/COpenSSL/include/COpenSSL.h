// What only OpenSSL's libcrypto can do here: MD4, DES, and MD5 that goes on from a kept state. No decisions.
#ifndef COPENSSL_H
#define COPENSSL_H

#include <stddef.h>
#include <stdint.h>

// MD4 of `length` octets (RFC 1320); `digest` has room for 16. Result: 1, or 0 if libcrypto refused.
int copenssl_md4(const uint8_t *octets, size_t length, uint8_t digest[16]);

// The chaining value of MD5 (RFC 1321) after one block of 64 octets: four words, little-endian. Result as above.
int copenssl_md5_after_block(const uint8_t block[64], uint8_t state[16]);

// The digest of that block followed by `length` octets. Result as above.
int copenssl_md5_resume(const uint8_t state[16], const uint8_t *octets, size_t length, uint8_t digest[16]);

// One block of DES (FIPS 46-3) with a key of 7 octets, without its parity bits.
void copenssl_des_block(const uint8_t key[7], const uint8_t block[8], uint8_t result[8]);

#endif
