/* libunbound, a resolver that answers through a descriptor, and the two system calls with which a thread waits for it.
 * No decisions here. */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unbound.h>
#include <unistd.h>

/* A descriptor that wakes a waiting thread; -1 when there is none to be had. */
static inline int cunbound_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline void cunbound_ring(int bell) {
    const unsigned long long one = 1;
    if (write(bell, &one, sizeof one) < 0) { /* It rings already. */ }
}

static inline void cunbound_close(int bell) { close(bell); }

/* Waits for answers or for the bell. 1: the bell rang; 0: answers are there, or a signal came. */
static inline int cunbound_wait(int answers, int bell) {
    struct pollfd descriptors[2] = {{.fd = answers, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    if (poll(descriptors, 2, -1) < 0) return 0;
    return descriptors[1].revents != 0;
}

/* Tells one version of a file from another; 0 when it cannot be read. */
static inline unsigned long long cunbound_stamp(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0) return 0;
    return (unsigned long long)file.st_mtim.tv_sec * 1000000007ULL + (unsigned long long)file.st_mtim.tv_nsec
        + (unsigned long long)file.st_ino;
}
