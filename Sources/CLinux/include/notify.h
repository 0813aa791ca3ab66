// A connected datagram socket to a name in the file system or ("@name") in the abstract space.
#ifndef CLINUX_NOTIFY_H
#define CLINUX_NOTIFY_H

/// Opens and connects; the caller owns the descriptor. ENAMETOOLONG when the name does not fit a socket address.
int clinux_datagram_connect(const char *name, int *descriptor);

#endif
