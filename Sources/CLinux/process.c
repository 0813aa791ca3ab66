#define _GNU_SOURCE
#include "include/process.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

int clinux_become_group(uint32_t group) { return setresgid(group, group, group) == 0 ? 0 : errno; }

int clinux_become_user(uint32_t user) { return setresuid(user, user, user) == 0 ? 0 : errno; }

int clinux_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 ? 0 : errno; }

int clinux_set_dumpable(int dumpable) { return prctl(PR_SET_DUMPABLE, (long)dumpable, 0L, 0L, 0L) == 0 ? 0 : errno; }

int clinux_keep_capabilities(int keep) { return prctl(PR_SET_KEEPCAPS, (long)keep, 0L, 0L, 0L) == 0 ? 0 : errno; }

int clinux_clear_ambient(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) == 0 ? 0 : errno;
}
