// What a process may say about itself: who it is, and what it gives up.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stdint.h>

/// Becomes the group, and the user, in all three senses and in every thread.
int clinux_become_group(uint32_t group);
int clinux_become_user(uint32_t user);

/// From here on no exec gains a privilege (PR_SET_NO_NEW_PRIVS).
int clinux_no_new_privileges(void);

/// Whether the process may be traced by its own user, and leaves a core when it dies.
int clinux_set_dumpable(int dumpable);

/// Whether permitted capabilities outlive the change from root to another user.
int clinux_keep_capabilities(int keep);

/// Forgets the capabilities that an exec would hand on.
int clinux_clear_ambient(void);

#endif
