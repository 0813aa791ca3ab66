// Who is at the other end of a Unix socket, as the kernel saw it when the connection was made.
#ifndef CLINUX_PEERCRED_H
#define CLINUX_PEERCRED_H

#include <stdint.h>

#define CLINUX_PEERGROUPS_MAX 64

/// The kernel's `struct ucred`: what getsockopt fills for CLINUX_SO_PEERCRED.
struct clinux_peer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

/// What getsockopt fills for CLINUX_SO_PEERGROUPS: the peer's supplementary groups, zeros behind them. The call fails
/// with ERANGE when there are more.
struct clinux_peer_groups {
    uint32_t gids[CLINUX_PEERGROUPS_MAX];
};

/// The options' numbers, for callers whose descriptor belongs to a library.
int clinux_so_peercred(void);
int clinux_so_peergroups(void);

/// Fills `peer` for a connected descriptor. Returns 0 or errno.
int clinux_peercred(int descriptor, struct clinux_peer *peer);

#endif
