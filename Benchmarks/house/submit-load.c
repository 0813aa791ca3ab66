// Load for submit.py: N clients, each over and over again one connection with TLS, one login (AUTH PLAIN), one message.
// They speak as a mail program does: every command waits for its answer. No TLS session is resumed.
// Prints one line: seconds, this program's own CPU seconds, then median and 99th percentile of a whole connection in
// microseconds. The first answer that is not the wanted one ends it with status 1.

#include "load.h"

enum { BUFFER = 4096, MOST = 10000000 };

struct client {
    struct line line;
    char buffer[BUFFER + 1];
    size_t held;
};

static int is_implicit;
static int count;
static char credentials[512];  // base64
static char *address;
static char *message;
static size_t message_length;
static atomic_int taken;
static unsigned *times;

// Reads one whole reply and holds it to its code.
static void expect(struct client *client, const char *step, const char *code) {
    client->held = 0;
    for (;;) {
        if (client->held == BUFFER) give_up(step, "a reply of more than 4 KB");
        char *end = client->buffer + client->held;
        size_t room = BUFFER - client->held;
        client->held += get(&client->line, step, end, room);
        client->buffer[client->held] = 0;
        if (client->buffer[client->held - 1] != '\n') continue;
        char *last = memrchr(client->buffer, '\n', client->held - 1);
        last = last ? last + 1 : client->buffer;
        if (strlen(last) >= 4 && last[3] == ' ') break;
    }
    if (strncmp(client->buffer, code, 3) != 0) give_up(step, client->buffer);
}

static void say(struct client *client, const char *line, const char *code) {
    put(&client->line, line, strlen(line));
    expect(client, line, code);
}

static void hand_in(struct client *client) {
    char line[1024];
    dial(&client->line);
    if (is_implicit) start_tls(&client->line);
    expect(client, "greeting", "220");
    say(client, "EHLO client.example.test\r\n", "250");
    if (!is_implicit) {
        say(client, "STARTTLS\r\n", "220");
        start_tls(&client->line);
        say(client, "EHLO client.example.test\r\n", "250");
    }
    snprintf(line, sizeof line, "AUTH PLAIN %s\r\n", credentials);
    say(client, line, "235");
    snprintf(line, sizeof line, "MAIL FROM:<%s>\r\n", address);
    say(client, line, "250");
    snprintf(line, sizeof line, "RCPT TO:<%s>\r\n", address);
    say(client, line, "250");
    say(client, "DATA\r\n", "354");
    put(&client->line, message, message_length);
    expect(client, "end of data", "250");
    say(client, "QUIT\r\n", "221");
    hang_up(&client->line);
}

static void *work(void *unused) {
    struct client *client = malloc(sizeof *client);
    client->line.kept = SSL_new(context);
    for (int mine; (mine = atomic_fetch_add(&taken, 1)) < count;) {
        double start = now(CLOCK_MONOTONIC);
        hand_in(client);
        times[mine] = (now(CLOCK_MONOTONIC) - start) * 1e6;
    }
    SSL_free(client->line.kept);
    free(client);
    return unused;
}

static void make_message(size_t size) {
    char *header;
    int length = asprintf(
        &header, "From: <%s>\r\nTo: <%s>\r\nSubject: figures\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
        "Message-ID: <figures@client.example.test>\r\n\r\n", address, address);
    message = malloc(length + size + 100);
    memcpy(message, header, length);
    message_length = length;
    while (message_length < size) {
        memset(message + message_length, 'x', 70);
        memcpy(message + message_length + 70, "\r\n", 2);
        message_length += 72;
    }
    memcpy(message + message_length, ".\r\n", 3);
    message_length += 3;
}

int main(int arguments, char **argument) {
    if (arguments != 8) {
        fprintf(stderr, "usage: submit-load PORT starttls|implicit CLIENTS COUNT SIZE ADDRESS PASSWORD\n");
        return 2;
    }
    prepare(argument[1]);
    is_implicit = strcmp(argument[2], "implicit") == 0;
    int clients = atoi(argument[3]);
    count = atoi(argument[4]);
    address = argument[6];
    if (clients < 1 || clients > 1000 || count < 1 || count > MOST || strlen(address) + strlen(argument[7]) > 300) return 2;
    unsigned char plain[400];
    int length = 1 + sprintf((char *)plain + 1, "%s", address);
    plain[0] = 0;
    length += 1 + sprintf((char *)plain + length + 1, "%s", argument[7]);
    EVP_EncodeBlock((unsigned char *)credentials, plain, length);
    make_message(atoi(argument[5]));
    times = calloc(count, sizeof *times);
    pthread_t threads[1000];
    double start = now(CLOCK_MONOTONIC);
    for (int index = 0; index < clients; index++)
        if (pthread_create(&threads[index], NULL, work, NULL) != 0) give_up("thread", strerror(errno));
    for (int index = 0; index < clients; index++) pthread_join(threads[index], NULL);
    double seconds = now(CLOCK_MONOTONIC) - start;
    qsort(times, count, sizeof *times, by_size);
    printf("%f %f %u %u\n", seconds, now(CLOCK_PROCESS_CPUTIME_ID), times[count / 2], times[count - 1 - count / 100]);
    return 0;
}
