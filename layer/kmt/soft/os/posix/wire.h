/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket of a name. SOCK_SEQPACKET: a message is one packet, so nothing is ever half there.
 *
 *   request  client -> server   { magic, version, count, folded name }
 *   reply    server -> client   the same with its own name, and the memory's descriptor beside it
 *
 * Both check that the other runs under the same user (SO_PEERCRED; of a server, as of its listen), and that the names
 * are equal: the address is only a hash. A server that has nothing for the client closes.
 */
#ifndef NTF_KMT_SOFT_OS_POSIX_WIRE_H
#define NTF_KMT_SOFT_OS_POSIX_WIRE_H

#include "base/result.h"
#include "kmt/soft/leaf.h"

#include <sys/socket.h>
#include <sys/un.h>

#define SOFT_NAME_NS UINT64_C(2000000000) /* all that either side waits for the other */

/* The abstract address of a name; returns its length. */
socklen_t soft_wire_address(const struct soft_leaf *leaf, struct sockaddr_un *address);
bool soft_wire_peer_is_ours(int fd);
/* None of these blocks. */
bool soft_wire_read_request(int fd, struct soft_leaf *leaf);
void soft_wire_send_reply(int fd, const struct soft_leaf *leaf, int memory);
/* The client's side from beginning to end, by the deadline: a descriptor above 2. NTF_E_NOT_FOUND, NTF_E_NO_MEMORY. */
enum ntf_result soft_wire_ask(const struct soft_leaf *leaf, uint64_t deadline_ns, int *memory);

#endif /* NTF_KMT_SOFT_OS_POSIX_WIRE_H */
