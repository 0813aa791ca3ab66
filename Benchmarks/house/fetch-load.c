// Load for fetch.py: POP3 clients, one for each address. Three kinds of work, each printing one line of numbers:
//   sessions SECONDS: connect, TLS, log in, STAT, QUIT, over and over again (once, if SECONDS is 0); every command waits
//       for its answer. Prints sessions, seconds, this program's own CPU seconds, and median and 99th percentile of a
//       session in microseconds.
//   fetch: one session each, RETR of every message, pipelined. All begin when the last has logged in. Prints messages,
//       seconds without the logins, own CPU seconds, octets.
//   list: LIST and UIDL of one mailbox. Prints messages, and microseconds of connection to login, of LIST and of UIDL.
// No TLS session is resumed. The first answer that is not +OK ends the program with status 1.

#include "load.h"

enum {
    BUFFER = 262144,
    LINE = 600,
    CLIENTS = 1000,
    MOST = 10000000,  // sessions
    WINDOW = 1000,  // RETRs on their way: as many as fit into the buffers of a socket, so that no write has to wait
};

struct client {
    struct line line;
    const char *address;
    // Octets from `start` to `held` have come and are not yet looked at.
    char buffer[BUFFER + 1];
    size_t start, held;
    unsigned long messages, octets;
};

static enum { PLAIN, STARTTLS, IMPLICIT } mode;
static const char *password;
static double deadline;
static atomic_int taken;
static unsigned *times;
static pthread_barrier_t at_once;

static void fill(struct client *client, const char *step) {
    if (client->start > 0) memmove(client->buffer, client->buffer + client->start, client->held - client->start);
    client->held -= client->start;
    client->start = 0;
    if (client->held == BUFFER) give_up(step, "more than fits");
    client->held += get(&client->line, step, client->buffer + client->held, BUFFER - client->held);
    client->buffer[client->held] = 0;
}

// One line that must begin with +OK; it lasts until the next call.
static char *expect(struct client *client, const char *step) {
    char *end;
    while (!(end = memchr(client->buffer + client->start, '\n', client->held - client->start))) fill(client, step);
    char *line = client->buffer + client->start;
    *end = 0;
    client->start = end + 1 - client->buffer;
    if (strncmp(line, "+OK", 3) != 0) give_up(step, line);
    return line;
}

static char *say(struct client *client, const char *line) {
    put(&client->line, line, strlen(line));
    return expect(client, line);
}

// The rest of a response of many lines, to the dot that ends it; the octets of it.
static size_t swallow(struct client *client, const char *step) {
    size_t total = 0, seen = 0;
    int begins = 1;  // the line at hand
    for (;;) {
        char *from = client->buffer + client->start, *end = client->buffer + client->held;
        for (char *dot = from + seen; (dot = memchr(dot, '.', end - dot)); dot++) {
            if (dot == from ? !begins : dot[-1] != '\n') continue;
            if (end - dot < 3) {  // it may be the end: the next octets tell
                end = dot;
                break;
            }
            if (dot[1] != '\r' || dot[2] != '\n') continue;
            client->start += dot + 3 - from;
            return total + (dot + 3 - from);
        }
        seen = end - from;
        // What has been looked at goes, but for an octet that a dot may stand behind.
        if (seen > BUFFER / 2) {
            begins = end[-1] == '\n';
            total += seen;
            client->start += seen;
            seen = 0;
        }
        fill(client, step);
    }
}

static void log_in(struct client *client) {
    char line[LINE];
    client->start = client->held = 0;
    dial(&client->line);
    if (mode == IMPLICIT) start_tls(&client->line);
    expect(client, "greeting");
    if (mode == STARTTLS) {
        say(client, "STLS\r\n");
        start_tls(&client->line);
    }
    snprintf(line, sizeof line, "USER %s\r\n", client->address);
    say(client, line);
    snprintf(line, sizeof line, "PASS %s\r\n", password);
    say(client, line);
}

static void leave(struct client *client) {
    say(client, "QUIT\r\n");
    hang_up(&client->line);
}

static struct client *make(const char *address) {
    struct client *client = calloc(1, sizeof *client);
    client->line.kept = SSL_new(context);
    client->address = address;
    return client;
}

static void *work_sessions(void *address) {
    struct client *client = make(address);
    double start;
    do {
        start = now(CLOCK_MONOTONIC);
        log_in(client);
        say(client, "STAT\r\n");
        leave(client);
        int mine = atomic_fetch_add(&taken, 1);
        if (mine >= MOST) give_up("sessions", "too many");
        times[mine] = (now(CLOCK_MONOTONIC) - start) * 1e6;
    } while (now(CLOCK_MONOTONIC) < deadline);
    return client;
}

static void *work_fetch(void *address) {
    struct client *client = make(address);
    char lines[WINDOW * 16];
    unsigned long asked = 0, got = 0;
    log_in(client);
    unsigned long count = strtoul(say(client, "STAT\r\n") + 3, NULL, 10);
    pthread_barrier_wait(&at_once);
    while (got < count) {
        if (asked < count && asked - got <= WINDOW / 2) {
            size_t length = 0;
            while (asked < count && asked - got < WINDOW) length += sprintf(lines + length, "RETR %lu\r\n", ++asked);
            put(&client->line, lines, length);
        }
        expect(client, "RETR");
        client->octets += swallow(client, "RETR");
        got++;
    }
    pthread_barrier_wait(&at_once);
    client->messages = got;
    leave(client);
    return client;
}

static void sessions(int clients, char **addresses, double seconds) {
    pthread_t threads[CLIENTS];
    times = calloc(MOST, sizeof *times);
    double start = now(CLOCK_MONOTONIC);
    deadline = start + seconds;
    for (int index = 0; index < clients; index++)
        if (pthread_create(&threads[index], NULL, work_sessions, addresses[index]) != 0) give_up("thread", strerror(errno));
    for (int index = 0; index < clients; index++) pthread_join(threads[index], NULL);
    seconds = now(CLOCK_MONOTONIC) - start;
    qsort(times, taken, sizeof *times, by_size);
    printf("%d %f %f %u %u\n", taken, seconds, now(CLOCK_PROCESS_CPUTIME_ID), times[taken / 2], times[taken - 1 - taken / 100]);
}

static void fetch(int clients, char **addresses) {
    pthread_t threads[CLIENTS];
    unsigned long messages = 0, octets = 0;
    pthread_barrier_init(&at_once, NULL, clients + 1);
    for (int index = 0; index < clients; index++)
        if (pthread_create(&threads[index], NULL, work_fetch, addresses[index]) != 0) give_up("thread", strerror(errno));
    pthread_barrier_wait(&at_once);
    double start = now(CLOCK_MONOTONIC);
    pthread_barrier_wait(&at_once);
    double seconds = now(CLOCK_MONOTONIC) - start;
    for (int index = 0; index < clients; index++) {
        void *client;
        pthread_join(threads[index], &client);
        messages += ((struct client *)client)->messages;
        octets += ((struct client *)client)->octets;
    }
    printf("%lu %f %f %lu\n", messages, seconds, now(CLOCK_PROCESS_CPUTIME_ID), octets);
}

static void list(const char *address) {
    struct client *client = make(address);
    double start = now(CLOCK_MONOTONIC);
    log_in(client);
    double opened = now(CLOCK_MONOTONIC);
    say(client, "LIST\r\n");
    swallow(client, "LIST");
    double listed = now(CLOCK_MONOTONIC);
    say(client, "UIDL\r\n");
    swallow(client, "UIDL");
    double named = now(CLOCK_MONOTONIC);
    unsigned long messages = strtoul(say(client, "STAT\r\n") + 3, NULL, 10);
    leave(client);
    printf("%lu %.0f %.0f %.0f\n", messages, (opened - start) * 1e6, (listed - opened) * 1e6, (named - listed) * 1e6);
}

static int usage(void) {
    fprintf(stderr, "usage: fetch-load PORT none|starttls|implicit PASSWORD sessions SECONDS|fetch|list ADDRESS...\n");
    return 2;
}

int main(int arguments, char **argument) {
    if (arguments < 6) return usage();
    int first = strcmp(argument[4], "sessions") == 0 ? 6 : 5, clients = arguments - first;
    if (clients < 1 || clients > CLIENTS) return usage();
    for (int index = 1; index < arguments; index++)
        if (strlen(argument[index]) > 300) return usage();
    mode = strcmp(argument[2], "implicit") == 0 ? IMPLICIT : strcmp(argument[2], "starttls") == 0 ? STARTTLS : PLAIN;
    password = argument[3];
    prepare(argument[1]);
    if (first == 6) sessions(clients, argument + first, atof(argument[5]));
    else if (strcmp(argument[4], "fetch") == 0) fetch(clients, argument + first);
    else list(argument[first]);
    return 0;
}
