// What the loads of this folder have in common: a connection of a client, plain or TLS, that resumes no session.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct line {
    int descriptor;
    SSL *tls;  // NULL: plain
    SSL *kept;  // made once, for all connections of a client
};

static SSL_CTX *context;
static struct sockaddr_in server;

static void give_up(const char *step, const char *seen) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, step, seen);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

// To be called once, before the first thread.
static void prepare(const char *port) {
    server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // Little to choose from: a hello that is cheap to make and to read.
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    if (!SSL_CTX_set1_groups_list(context, "X25519") || !SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256")
        || !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256"))
        give_up("TLS", "settings");
}

static void dial(struct line *line) {
    int on = 1;
    line->tls = NULL;
    line->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(line->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(line->descriptor, (struct sockaddr *)&server, sizeof server) != 0) give_up("connect", strerror(errno));
}

static void start_tls(struct line *line) {
    line->tls = SSL_clear(line->kept) ? line->kept : NULL;
    if (!line->tls || !SSL_set_fd(line->tls, line->descriptor) || SSL_connect(line->tls) != 1)
        give_up("TLS", "no handshake");
}

static void hang_up(struct line *line) {
    if (line->tls) SSL_shutdown(line->tls);
    close(line->descriptor);
}

static void put(struct line *line, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = line->tls ? SSL_write(line->tls, bytes, length) : write(line->descriptor, bytes, length);
        if (sent <= 0) give_up("write", strerror(errno));
        bytes += sent;
        length -= sent;
    }
}

// At least one octet, or the end of the program.
static size_t get(struct line *line, const char *step, char *bytes, size_t room) {
    ssize_t got = line->tls ? SSL_read(line->tls, bytes, room) : read(line->descriptor, bytes, room);
    if (got <= 0) give_up(step, "the connection is closed");
    return got;
}

static int by_size(const void *one, const void *other) {
    unsigned a = *(const unsigned *)one, b = *(const unsigned *)other;
    return (a > b) - (a < b);
}
