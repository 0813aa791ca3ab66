#define _GNU_SOURCE
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

int clinux_signal_descriptor(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
    int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo told;
    ssize_t count = read(descriptor, &told, sizeof told);
    if (count == (ssize_t)sizeof told) return (int)told.ssi_signo;
    return count < 0 && errno != EAGAIN ? -errno : 0;
}

static void lifetime_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

int clinux_block_signals(void) {
    sigset_t set;
    lifetime_signals(&set);
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? 0 : errno;
}

int clinux_wait_signal(void) {
    sigset_t set;
    lifetime_signals(&set);
    int number = sigwaitinfo(&set, NULL);
    return number < 0 ? -errno : number;
}

int clinux_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal) == 0 ? 0 : errno; }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }
