/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket of a global handle: one datagram there, one packet back.
 *
 *   request  to the bound socket      { magic, version, number }, and one end of a socket pair beside it
 *   reply    over that end            the same, and beside it the memory's descriptor and the bound socket itself
 *
 * Both sides want the other's user to be theirs, by the credentials that the kernel puts on each message (unix(7),
 * SO_PASSCRED); those that a socket keeps (SO_PEERCRED) say nothing of a pair. A request that is lost, because who
 * took it was killed before the reply, closes the pair's end, which the asker sees at once.
 */
#ifndef NTF_KMT_SOFT_OS_POSIX_NUMBER_WIRE_H
#define NTF_KMT_SOFT_OS_POSIX_NUMBER_WIRE_H

#include "base/result.h"
#include "kmt/d3dkmt.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The abstract address of a number; returns its length. */
socklen_t soft_number_address(D3DKMT_HANDLE number, struct sockaddr_un *address);
/* A socket bound to it, above 2. NTF_E_COLLISION: the number is taken; NTF_E_NO_MEMORY, NTF_E_FAILED. */
enum ntf_result soft_number_bind(D3DKMT_HANDLE number, int *out);
/* Whether this is a socket that is bound to the number. Asks nobody but the kernel's sockets. */
bool soft_number_is_bound(int fd, D3DKMT_HANDLE number);

enum soft_number_read { SOFT_NUMBER_REQUEST, SOFT_NUMBER_DROPPED, SOFT_NUMBER_EMPTY, SOFT_NUMBER_EXHAUSTED };
/* Takes the next datagram, if there is one, without waiting. On a good request *reply is the asker's end, above 2. */
enum soft_number_read soft_number_read_request(int fd, D3DKMT_HANDLE number, int *reply);
/* Does not wait either. An asker that has gone has no use for it. */
void soft_number_send_reply(int reply, D3DKMT_HANDLE number, int memory, int bound);

/* The asker's side from beginning to end, by the deadline: two descriptors above 2, the second of a socket that is
 * bound to the number. NTF_E_NOT_FOUND: nobody has it, or nobody answers; NTF_E_NO_MEMORY. */
enum ntf_result soft_number_ask(D3DKMT_HANDLE number, uint64_t deadline_ns, int *memory, int *bound);

#endif /* NTF_KMT_SOFT_OS_POSIX_NUMBER_WIRE_H */
