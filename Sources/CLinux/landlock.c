#define _GNU_SOURCE
#include "include/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

// The same numbers on every architecture.
enum { CREATE = 444, ADD = 445, RESTRICT = 446 };
enum { QUERY_VERSION = 1, RULE_PATH = 1, RULE_PORT = 2 };

struct attributes {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

struct path_rule {
    uint64_t rights;
    int32_t descriptor;
} __attribute__((packed));

struct port_rule {
    uint64_t rights;
    uint64_t port;
};

int clinux_landlock_version(void) {
    long version = syscall(CREATE, NULL, 0, QUERY_VERSION);
    return version < 0 ? -errno : (int)version;
}

int clinux_landlock_create(uint64_t files, uint64_t network, uint64_t scopes, int *ruleset) {
    struct attributes attributes = {files, network, scopes};
    // An older kernel refuses a size with set bits beyond its own, and takes zeros.
    long made = syscall(CREATE, &attributes, sizeof attributes, 0);
    if (made < 0) return errno;
    *ruleset = (int)made;
    return 0;
}

int clinux_landlock_place(const char *path, int *descriptor) {
    int opened = open(path, O_PATH | O_CLOEXEC);
    if (opened < 0) return errno;
    *descriptor = opened;
    return 0;
}

int clinux_landlock_allow_path(int ruleset, int descriptor, uint64_t rights) {
    struct path_rule rule = {rights, descriptor};
    return syscall(ADD, ruleset, RULE_PATH, &rule, 0) == 0 ? 0 : errno;
}

int clinux_landlock_allow_port(int ruleset, uint16_t port, uint64_t rights) {
    struct port_rule rule = {rights, port};
    return syscall(ADD, ruleset, RULE_PORT, &rule, 0) == 0 ? 0 : errno;
}

int clinux_landlock_restrict(int ruleset) { return syscall(RESTRICT, ruleset, 0) == 0 ? 0 : errno; }
