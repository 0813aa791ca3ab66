// The low-level functions are deprecated in OpenSSL 3, and chosen on purpose. EVP's MD4 and DES live in the legacy provider, a
// file that would be opened when the walls stand already, and the first EVP call reads openssl.cnf; these are plain
// code inside libcrypto. EVP also has no way to begin at a kept state, which MD5_CTX lies open for.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "COpenSSL.h"

#include <openssl/crypto.h>
#include <openssl/des.h>
#include <openssl/md4.h>
#include <openssl/md5.h>

int copenssl_md4(const uint8_t *octets, size_t length, uint8_t digest[16]) {
    MD4_CTX context;
    int done = MD4_Init(&context) && MD4_Update(&context, octets, length) && MD4_Final(digest, &context);
    OPENSSL_cleanse(&context, sizeof context);
    return done;
}

static void put_word(uint8_t *place, MD5_LONG word) {
    for (int octet = 0; octet < 4; octet++) place[octet] = (uint8_t)(word >> (8 * octet));
}

static MD5_LONG word_at(const uint8_t *place) {
    return (MD5_LONG)place[0] | (MD5_LONG)place[1] << 8 | (MD5_LONG)place[2] << 16 | (MD5_LONG)place[3] << 24;
}

int copenssl_md5_after_block(const uint8_t block[64], uint8_t state[16]) {
    MD5_CTX context;
    int done = MD5_Init(&context) && MD5_Update(&context, block, 64);
    put_word(state, context.A);
    put_word(state + 4, context.B);
    put_word(state + 8, context.C);
    put_word(state + 12, context.D);
    OPENSSL_cleanse(&context, sizeof context);
    return done;
}

int copenssl_md5_resume(const uint8_t state[16], const uint8_t *octets, size_t length, uint8_t digest[16]) {
    MD5_CTX context;
    int done = MD5_Init(&context);
    context.A = word_at(state);
    context.B = word_at(state + 4);
    context.C = word_at(state + 8);
    context.D = word_at(state + 12);
    context.Nl = 64 * 8;  // bits so far
    done = done && MD5_Update(&context, octets, length) && MD5_Final(digest, &context);
    OPENSSL_cleanse(&context, sizeof context);
    return done;
}

void copenssl_des_block(const uint8_t key[7], const uint8_t block[8], uint8_t result[8]) {
    DES_cblock spread, input, output;
    uint64_t bits = 0;
    for (int octet = 0; octet < 7; octet++) bits = bits << 8 | key[octet];
    for (int octet = 0; octet < 8; octet++) {
        spread[octet] = (uint8_t)(bits >> (49 - 7 * octet) << 1);
        input[octet] = block[octet];
    }
    DES_key_schedule schedule;
    DES_set_key_unchecked(&spread, &schedule);
    DES_ecb_encrypt(&input, &output, &schedule, DES_ENCRYPT);
    for (int octet = 0; octet < 8; octet++) result[octet] = output[octet];
    OPENSSL_cleanse(&schedule, sizeof schedule);
    OPENSSL_cleanse(spread, sizeof spread);
    OPENSSL_cleanse(&bits, sizeof bits);
}
