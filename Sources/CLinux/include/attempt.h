// The acts that the walls must refuse, each done for real. 0 means that it went through (and was undone at once),
// anything else is the errno of the refusal. None of them blocks.
#ifndef CLINUX_ATTEMPT_H
#define CLINUX_ATTEMPT_H

#include <stdint.h>

int clinux_attempt_read(const char *path);
/// Makes a new file and removes it; EEXIST when the name is taken.
int clinux_attempt_create(const char *path);
/// Begins a TCP connection to an IPv6 address (IPv4 in its mapped form); a connection under way counts as through.
int clinux_attempt_connect(const uint8_t address[16], uint16_t port);
/// Binds TCP on the IPv4 loopback address; port 0 is any.
int clinux_attempt_bind(uint16_t port);
/// Replaces this process when it goes through: the caller sees it vanish.
int clinux_attempt_execute(const char *path);
int clinux_attempt_fork(void);
int clinux_attempt_trace(int32_t process);
int clinux_attempt_raw_socket(void);
int clinux_attempt_become_root(void);
/// Signal 0: the right is checked and nothing is sent.
int clinux_attempt_signal(int32_t process);
int clinux_attempt_mount(const char *directory);
int clinux_attempt_namespace(void);
/// An address that is not mapped there counts as through: the right was checked before it.
int clinux_attempt_read_memory(int32_t process);

#endif
