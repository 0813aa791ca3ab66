// What a parent of processes needs: signals as a descriptor, pipes that do not leak, an end together.
#ifndef CLINUX_SIGNALS_H
#define CLINUX_SIGNALS_H

/// Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP in the calling thread and opens a descriptor that tells of them.
/// Returns the descriptor, or -errno. The caller closes it.
int clinux_signal_descriptor(void);

/// Reads one signal number. Returns it, 0 when there is none, or -errno.
int clinux_next_signal(int descriptor);

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all threads that it starts later, and ignores SIGPIPE.
/// Returns 0 or errno.
int clinux_block_signals(void);

/// Waits for one of the signals that clinux_block_signals blocked. Returns its number, or -errno.
int clinux_wait_signal(void);

/// Asks the kernel for this signal when the parent process dies (prctl PR_SET_PDEATHSIG). Returns 0 or errno.
int clinux_die_with_parent(int signal);

/// Makes a pipe whose ends are closed by exec. Returns 0 or errno.
int clinux_pipe(int ends[2]);

#endif
