#define _GNU_SOURCE
#include "include/attempt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int closed(int descriptor) {
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}

int clinux_attempt_read(const char *path) { return closed(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)); }

int clinux_attempt_create(const char *path) {
    int error = closed(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (error == 0) unlink(path);
    return error;
}

// An IPv4 address needs a socket of its own family: not every machine has IPv6.
static int connect_v4(const uint8_t address[16], uint16_t port, int descriptor) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&peer.sin_addr, address + 12, 4);
    return connect(descriptor, (struct sockaddr *)&peer, sizeof peer);
}

static int connect_v6(const uint8_t address[16], uint16_t port, int descriptor) {
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&peer.sin6_addr, address, 16);
    return connect(descriptor, (struct sockaddr *)&peer, sizeof peer);
}

int clinux_attempt_connect(const uint8_t address[16], uint16_t port) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    int v4 = memcmp(address, mapped, sizeof mapped) == 0;
    int descriptor = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return errno;
    int result = v4 ? connect_v4(address, port, descriptor) : connect_v6(address, port, descriptor);
    int error = result == 0 || errno == EINPROGRESS ? 0 : errno;
    close(descriptor);
    return error;
}

int clinux_attempt_bind(uint16_t port) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    int error = bind(descriptor, (struct sockaddr *)&own, sizeof own) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

int clinux_attempt_execute(const char *path) {
    char *const arguments[] = {(char *)path, NULL};
    char *const environment[] = {NULL};
    execve(path, arguments, environment);
    return errno;
}

int clinux_attempt_fork(void) {
    // By number: fork() would run the handlers of every library, and a child of a threaded process must not.
    long child = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0) _exit(0);
    if (child < 0) return errno;
    waitpid((pid_t)child, NULL, 0);
    return 0;
}

int clinux_attempt_trace(int32_t process) {
    if (ptrace(PTRACE_ATTACH, process, NULL, NULL) != 0) return errno;
    waitpid(process, NULL, __WALL);
    ptrace(PTRACE_DETACH, process, NULL, NULL);
    return 0;
}

int clinux_attempt_raw_socket(void) { return closed(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)); }

int clinux_attempt_become_root(void) {
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) != 0) return errno;
    // By number: only this thread changes, and only this thread must change back.
    if (syscall(SYS_setresuid, 0L, 0L, 0L) != 0) return errno;
    if (syscall(SYS_setresuid, (long)real, (long)effective, (long)saved) != 0) _exit(1);
    return 0;
}

int clinux_attempt_signal(int32_t process) { return kill(process, 0) == 0 ? 0 : errno; }

int clinux_attempt_mount(const char *directory) {
    if (mount("none", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") != 0) return errno;
    umount2(directory, MNT_DETACH);
    return 0;
}

int clinux_attempt_namespace(void) { return syscall(SYS_unshare, (long)CLONE_NEWUTS) == 0 ? 0 : errno; }

int clinux_attempt_read_memory(int32_t process) {
    char byte;
    struct iovec own = {&byte, 1}, theirs = {(void *)4096, 1};
    if (process_vm_readv(process, &own, 1, &theirs, 1, 0) >= 0 || errno == EFAULT) return 0;
    return errno;
}
