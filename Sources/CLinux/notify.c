#define _GNU_SOURCE
#include "include/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_datagram_connect(const char *name, int *descriptor) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof address.sun_path) return ENAMETOOLONG;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = '\0';
    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) return errno;
    if (connect(made, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length) != 0) {
        int error = errno;
        close(made);
        return error;
    }
    *descriptor = made;
    return 0;
}
