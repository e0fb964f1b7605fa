/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/os/posix/wire.h"

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/soft/os/posix/discard.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x4D4E4654u /* "TFNM" */
#define VERSION 1u
/* As many as a message can have (SCM_MAX_FD): what found no room the kernel would close here and now (discard.h). */
#define MOST_DESCRIPTORS 253u
#define RETRY_NS UINT64_C(5000000)

struct packet {
    uint32_t magic;
    uint32_t version;
    uint32_t count;
    char16_t units[SOFT_LEAF_UNITS];
};
#define HEAD offsetof(struct packet, units)

/* FNV-1a, with a basis of choice. Not secret and not meant to be: the full name is compared in the end. */
static uint64_t hash(const struct soft_leaf *leaf, uint64_t basis)
{
    uint32_t i;

    for (i = 0; i < leaf->count; i++) {
        basis = (basis ^ (leaf->units[i] & 0xFFu)) * UINT64_C(0x100000001B3);
        basis = (basis ^ (leaf->units[i] >> 8)) * UINT64_C(0x100000001B3);
    }
    return basis;
}

socklen_t soft_wire_address(const struct soft_leaf *leaf, struct sockaddr_un *address)
{
    const unsigned long long a = hash(leaf, UINT64_C(0xCBF29CE484222325));
    const unsigned long long b = hash(leaf, UINT64_C(0x9E3779B97F4A7C15));
    int length;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    /* sun_path[0] stays 0: an abstract name, which is no file. */
    length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "ntfence-%lu-%016llx%016llx",
                      (unsigned long)geteuid(), a, b);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

bool soft_wire_peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer && peer.uid == geteuid();
}

static size_t pack(const struct soft_leaf *leaf, struct packet *packet)
{
    packet->magic = MAGIC;
    packet->version = VERSION;
    packet->count = leaf->count;
    memcpy(packet->units, leaf->units, leaf->count * sizeof leaf->units[0]);
    return HEAD + leaf->count * sizeof leaf->units[0];
}

static bool unpack(const struct packet *packet, size_t size, struct soft_leaf *leaf)
{
    if (size < HEAD || packet->magic != MAGIC || packet->version != VERSION || packet->count > SOFT_LEAF_UNITS ||
        size != HEAD + packet->count * sizeof packet->units[0])
        return false;
    leaf->count = packet->count;
    memcpy(leaf->units, packet->units, packet->count * sizeof packet->units[0]);
    return true;
}

/* A call failed: for want of memory or descriptors, or for what means that nobody answers to the name. */
static enum ntf_result result_of_errno(void)
{
    return errno == ENOMEM || errno == ENOBUFS || errno == EMFILE || errno == ENFILE ? NTF_E_NO_MEMORY
                                                                                     : NTF_E_NOT_FOUND;
}

/* Takes every descriptor out of a message: the only one, -1 if there was none, or failure after closing all. */
static enum ntf_result only_descriptor(struct msghdr *message, int *out)
{
    struct cmsghdr *part;
    int only = -1;
    size_t seen = 0;

    for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        size_t i, count;
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (seen++ == 0)
                only = fd;
            else
                soft_discard(fd);
        }
    }
    if (seen > 1 || (message->msg_flags & MSG_CTRUNC)) {
        soft_discard(only);
        /* One was sent, and there was no number left to give it. */
        return seen == 0 ? NTF_E_NO_MEMORY : NTF_E_NOT_FOUND;
    }
    *out = soft_fd_above_standard(only);
    return only >= 0 && *out < 0 ? result_of_errno() : NTF_OK;
}

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
};

/* Receives one packet, with a descriptor or -1. */
static enum ntf_result receive(int fd, struct soft_leaf *leaf, int *descriptor)
{
    struct packet packet;
    union control control;
    struct iovec part = { &packet, sizeof packet };
    struct msghdr message;
    enum ntf_result result;
    ssize_t size;

    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0)
        return result_of_errno();
    if (size == 0)
        return NTF_E_NOT_FOUND;
    result = only_descriptor(&message, descriptor);
    if (result != NTF_OK || (!(message.msg_flags & MSG_TRUNC) && unpack(&packet, (size_t)size, leaf)))
        return result;
    soft_discard(*descriptor);
    return NTF_E_NOT_FOUND;
}

/* Whoever sends descriptors that were not asked for loses them. */
bool soft_wire_read_request(int fd, struct soft_leaf *leaf)
{
    int descriptor = -1;

    if (receive(fd, leaf, &descriptor) != NTF_OK)
        return false;
    soft_discard(descriptor);
    return true;
}

void soft_wire_send_reply(int fd, const struct soft_leaf *leaf, int memory)
{
    struct packet packet;
    union control control;
    struct iovec part = { &packet, pack(leaf, &packet) };
    struct msghdr message;
    struct cmsghdr *rights;

    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof memory);
    rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof memory);
    memcpy(CMSG_DATA(rights), &memory, sizeof memory);
    /* A first packet always finds room; a client that has gone has no use for it. */
    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

static bool poll_until(int fd, short events, uint64_t deadline_ns)
{
    struct pollfd entry = { fd, events, 0 };
    uint64_t left_ns;

    do {
        left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
        if (poll(&entry, fd < 0 ? 0 : 1, (int)((left_ns + 999999) / 1000000)) > 0)
            return true;
    } while (left_ns > 0 && fd >= 0);
    return false;
}

/* A server with a full backlog says EAGAIN, and nothing tells when that ends: ask again now and then. */
static enum ntf_result connect_until(int fd, const struct soft_leaf *leaf, uint64_t deadline_ns)
{
    struct sockaddr_un address;
    const socklen_t length = soft_wire_address(leaf, &address);

    while (connect(fd, (const struct sockaddr *)&address, length) != 0) {
        const enum ntf_result result = result_of_errno();
        const bool busy = errno == EAGAIN || errno == EINTR;
        const uint64_t now_ns = ntf_os_now_ns();
        if (!busy || ntf_deadline_passed(deadline_ns, now_ns))
            return result;
        (void)poll_until(-1, 0, ntf_deadline_min(deadline_ns, now_ns + RETRY_NS));
    }
    return NTF_OK;
}

static enum ntf_result talk(int fd, const struct soft_leaf *leaf, uint64_t deadline_ns, int *memory)
{
    struct packet packet;
    struct soft_leaf told;
    enum ntf_result result = connect_until(fd, leaf, deadline_ns);
    int sent = -1;

    if (result != NTF_OK)
        return result;
    if (!soft_wire_peer_is_ours(fd))
        return NTF_E_NOT_FOUND;
    if (send(fd, &packet, pack(leaf, &packet), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return result_of_errno();
    if (!poll_until(fd, POLLIN, deadline_ns))
        return NTF_E_NOT_FOUND;
    result = receive(fd, &told, &sent);
    if (result != NTF_OK)
        return result;
    if (sent >= 0 && soft_leaf_equal(&told, leaf)) {
        *memory = sent;
        return NTF_OK;
    }
    soft_discard(sent);
    return NTF_E_NOT_FOUND;
}

enum ntf_result soft_wire_ask(const struct soft_leaf *leaf, uint64_t deadline_ns, int *memory)
{
    const int fd = soft_fd_above_standard(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    enum ntf_result result;

    if (fd < 0)
        return result_of_errno();
    result = talk(fd, leaf, deadline_ns, memory);
    (void)close(fd);
    return result;
}
