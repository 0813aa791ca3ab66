#define _GNU_SOURCE
#include "include/peercred.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static_assert(sizeof(struct clinux_peer) == sizeof(struct ucred), "clinux_peer is the kernel's struct ucred");

int clinux_so_peercred(void) { return SO_PEERCRED; }

int clinux_so_peergroups(void) { return SO_PEERGROUPS; }

int clinux_peercred(int descriptor, struct clinux_peer *peer) {
    socklen_t length = sizeof(*peer);
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, peer, &length) == 0 ? 0 : errno;
}
