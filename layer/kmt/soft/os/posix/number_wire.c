/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/os/posix/number_wire.h"

#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/soft/os/posix/discard.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x4B4E4654u /* "TFNK" */
#define VERSION 1u
/* As many as a message can have (SCM_MAX_FD): what found no room the kernel would close here and now (discard.h). */
#define MOST_DESCRIPTORS 253u
#define RETRY_NS UINT64_C(1000000)
#define PIDFD 4 /* SCM_PIDFD, which older headers lack */

struct packet { /* the same in every build */
    uint32_t magic;
    uint32_t version;
    uint32_t number;
};

static struct packet packet_of(D3DKMT_HANDLE number)
{
    const struct packet packet = { MAGIC, VERSION, number };

    return packet;
}

/* ---- addresses ---- */

socklen_t soft_number_address(D3DKMT_HANDLE number, struct sockaddr_un *address)
{
    int length;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    /* sun_path[0] stays 0: an abstract name, which is no file. */
    length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "ntfence-kmt-%lu-%08lx",
                      (unsigned long)geteuid(), (unsigned long)number);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int new_socket(void)
{
    return soft_fd_above_standard(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static bool want_credentials(int fd)
{
    const int yes = 1;

    return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0;
}

enum ntf_result soft_number_bind(D3DKMT_HANDLE number, int *out)
{
    const int fd = new_socket();
    struct sockaddr_un address;
    const socklen_t length = soft_number_address(number, &address);
    enum ntf_result result = NTF_OK;

    if (fd < 0)
        return NTF_E_NO_MEMORY;
    /* Before the address is there for others to write to. */
    if (!want_credentials(fd))
        result = NTF_E_FAILED;
    else if (bind(fd, (const struct sockaddr *)&address, length) != 0)
        result = errno == EADDRINUSE ? NTF_E_COLLISION : errno == ENOMEM ? NTF_E_NO_MEMORY : NTF_E_FAILED;
    if (result == NTF_OK)
        *out = fd;
    else
        (void)close(fd);
    return result;
}

/* A descriptor that is no socket fails here without its file system being asked anything. */
static bool is_socket(int fd, int type)
{
    int domain = 0, found = 0;
    socklen_t domain_size = sizeof domain, found_size = sizeof found;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &found_size) == 0 && found == type;
}

bool soft_number_is_bound(int fd, D3DKMT_HANDLE number)
{
    struct sockaddr_un wanted, found;
    const socklen_t length = soft_number_address(number, &wanted);
    socklen_t found_length = sizeof found;

    memset(&found, 0, sizeof found);
    return is_socket(fd, SOCK_DGRAM) && getsockname(fd, (struct sockaddr *)&found, &found_length) == 0 &&
           found_length == length && memcmp(&found, &wanted, length) == 0;
}

/* ---- messages ---- */

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
};

struct message {
    struct packet packet;
    bool ended;     /* nothing, which is also how the end of a pair reads */
    bool ours;      /* from this user, and of our form */
    bool truncated; /* there were more descriptors than arrived */
    uint32_t count; /* of fds */
    int fds[sizeof(union control) / sizeof(int)]; /* as many as find room, whatever else is beside them or not */
};

/* A holder of a shared socket may have asked the kernel for more (SO_PASSPIDFD): that comes as a descriptor, too. */
static void close_pidfd(const struct cmsghdr *part)
{
    int pidfd;

    if (part->cmsg_len != CMSG_LEN(sizeof pidfd))
        return;
    memcpy(&pidfd, CMSG_DATA(part), sizeof pidfd);
    (void)close(pidfd);
}

static void look_at_part(struct message *message, const struct cmsghdr *part)
{
    struct ucred sender;

    if (part->cmsg_level != SOL_SOCKET)
        return;
    if (part->cmsg_type == SCM_RIGHTS) {
        message->count = (uint32_t)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(message->fds, CMSG_DATA(part), message->count * sizeof(int));
    } else if (part->cmsg_type == SCM_CREDENTIALS && part->cmsg_len == CMSG_LEN(sizeof sender)) {
        memcpy(&sender, CMSG_DATA(part), sizeof sender);
        message->ours = sender.uid == geteuid();
    } else if (part->cmsg_type == PIDFD) {
        close_pidfd(part);
    }
}

/* control_size: how much room there is for what comes beside the bytes. Descriptors without room are not received,
 * the kernel closes them. False, with errno: nothing was there, or a failure. */
static bool receive(int fd, int flags, size_t control_size, struct message *message)
{
    union control control;
    struct iovec bytes = { &message->packet, sizeof message->packet };
    struct msghdr header;
    struct cmsghdr *part;
    ssize_t size;

    memset(&header, 0, sizeof header);
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = control_size;
    memset(message, 0, sizeof *message);
    size = recvmsg(fd, &header, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0)
        return false;
    for (part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part))
        look_at_part(message, part);
    message->ended = size == 0 && message->count == 0;
    message->truncated = (header.msg_flags & MSG_CTRUNC) != 0;
    message->ours = message->ours && size == (ssize_t)sizeof message->packet && !(header.msg_flags & MSG_TRUNC) &&
                    message->packet.magic == MAGIC && message->packet.version == VERSION;
    return true;
}

static void close_all(const struct message *message)
{
    uint32_t i;

    for (i = 0; i < message->count; i++)
        soft_discard(message->fds[i]);
}

/* Gives out the descriptors if they are just so many; else closes all. */
static bool take_descriptors(struct message *message, uint32_t wanted, int *out)
{
    bool good = message->count == wanted && !message->truncated;
    uint32_t i;

    if (!good) {
        close_all(message);
        return false;
    }
    for (i = 0; i < wanted; i++) {
        out[i] = soft_fd_above_standard(message->fds[i]);
        good = good && out[i] >= 0;
    }
    for (i = 0; i < wanted && !good; i++)
        soft_discard(out[i]);
    return good;
}

static bool send_with(int fd, const struct msghdr *to, const struct packet *packet, const int *fds, uint32_t count)
{
    union control control;
    struct packet copy = *packet;
    struct iovec bytes = { &copy, sizeof copy };
    struct msghdr header = *to;
    struct cmsghdr *part;

    memset(&control, 0, sizeof control);
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(part), fds, count * sizeof(int));
    return sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

/* ---- who is asked ---- */

/* Room beside the bytes for as many descriptors as another thread will close. */
static size_t strangers_room(void)
{
    const size_t room = CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(soft_discard_room() * sizeof(int));

    return room < sizeof(union control) ? room : sizeof(union control);
}

/* Looked at before it is taken: anybody may write to the address. What a stranger sends beside his bytes is let in only
 * as far as another thread will close it: he may hold that one up, and not more of our descriptors than there is room
 * for. (What finds none the kernel closes here.) Between the look and the taking another holder may have taken that
 * message, and the next is a stranger's: what comes with it is closed in the same way. */
enum soft_number_read soft_number_read_request(int fd, D3DKMT_HANDLE number, int *reply)
{
    struct message message;

    if (!receive(fd, MSG_PEEK, CMSG_SPACE(sizeof(struct ucred)), &message))
        return errno == EAGAIN || errno == EINTR ? SOFT_NUMBER_EMPTY : SOFT_NUMBER_EXHAUSTED;
    if (!receive(fd, 0, message.ours ? sizeof(union control) : strangers_room(), &message))
        return errno == EAGAIN || errno == EINTR ? SOFT_NUMBER_EMPTY : SOFT_NUMBER_EXHAUSTED;
    if (!message.ours || message.packet.number != number) {
        close_all(&message);
        return SOFT_NUMBER_DROPPED;
    }
    if (!take_descriptors(&message, 1, reply))
        return message.truncated && message.count == 0 ? SOFT_NUMBER_EXHAUSTED : SOFT_NUMBER_DROPPED;
    if (is_socket(*reply, SOCK_SEQPACKET))
        return SOFT_NUMBER_REQUEST;
    soft_discard(*reply);
    return SOFT_NUMBER_DROPPED;
}

void soft_number_send_reply(int reply, D3DKMT_HANDLE number, int memory, int bound)
{
    const struct packet packet = packet_of(number);
    const struct msghdr nowhere = { 0 };
    const int fds[2] = { memory, bound };

    if (!send_with(reply, &nowhere, &packet, fds, 2))
        return;
}

/* ---- who asks ---- */

static enum ntf_result result_of_errno(void)
{
    switch (errno) {
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
    case ETOOMANYREFS: /* too many descriptors of this user are on their way */
        return NTF_E_NO_MEMORY;
    default:
        return NTF_E_NOT_FOUND;
    }
}

static void pause_briefly(uint64_t deadline_ns)
{
    ntf_au32 nothing;

    ntf_init(&nothing, (uint32_t)0);
    (void)ntf_os_park(&nothing, 0, ntf_deadline_min(deadline_ns, ntf_deadline_after(ntf_os_now_ns(), RETRY_NS)));
}

/* Waits for a packet or the end of the pair; false: the deadline came first. */
static bool await(int fd, uint64_t deadline_ns)
{
    struct pollfd entry = { fd, POLLIN, 0 };
    uint64_t left_ns;

    do {
        left_ns = ntf_deadline_left(deadline_ns, ntf_os_now_ns());
        if (poll(&entry, 1, (int)((left_ns + 999999) / 1000000)) > 0)
            return true;
    } while (left_ns > 0);
    return false;
}

/* NTF_TIMEOUT: the request got lost on its way, or whoever took it was killed; ask again. */
static enum ntf_result read_reply(int fd, D3DKMT_HANDLE number, int fds[2])
{
    struct message message;

    if (!receive(fd, 0, sizeof(union control), &message))
        return result_of_errno();
    if (message.ended)
        return NTF_TIMEOUT;
    if (!message.ours || message.packet.number != number) {
        close_all(&message);
        return NTF_E_NOT_FOUND;
    }
    if (!take_descriptors(&message, 2, fds))
        return message.truncated && message.count < 2 ? NTF_E_NO_MEMORY : NTF_E_NOT_FOUND;
    if (soft_number_is_bound(fds[1], number))
        return NTF_OK;
    soft_discard(fds[0]);
    soft_discard(fds[1]);
    return NTF_E_NOT_FOUND;
}

/* One request and its reply. NTF_TIMEOUT: again. */
static enum ntf_result ask_once(int fd, const struct msghdr *to, D3DKMT_HANDLE number, uint64_t deadline_ns,
                                int fds[2])
{
    const struct packet packet = packet_of(number);
    enum ntf_result result;
    int pair[2];
    bool sent;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return result_of_errno();
    sent = want_credentials(pair[0]) && send_with(fd, to, &packet, &pair[1], 1);
    /* EAGAIN: the queue is full of other requests. */
    result = sent || errno == EAGAIN || errno == EINTR ? NTF_TIMEOUT : result_of_errno();
    (void)close(pair[1]);
    if (sent)
        result = await(pair[0], deadline_ns) ? read_reply(pair[0], number, fds) : NTF_E_NOT_FOUND;
    (void)close(pair[0]);
    return result;
}

enum ntf_result soft_number_ask(D3DKMT_HANDLE number, uint64_t deadline_ns, int *memory, int *bound)
{
    struct sockaddr_un address;
    struct msghdr to;
    enum ntf_result result;
    const int fd = new_socket();
    int fds[2] = { -1, -1 };

    if (fd < 0)
        return result_of_errno();
    memset(&to, 0, sizeof to);
    to.msg_name = &address;
    to.msg_namelen = soft_number_address(number, &address);
    while ((result = ask_once(fd, &to, number, deadline_ns, fds)) == NTF_TIMEOUT) {
        if (ntf_deadline_passed(deadline_ns, ntf_os_now_ns())) {
            result = NTF_E_NOT_FOUND;
            break;
        }
        pause_briefly(deadline_ns);
    }
    (void)close(fd);
    *memory = result == NTF_OK ? fds[0] : -1; /* else what came has been closed */
    *bound = result == NTF_OK ? fds[1] : -1;
    return result;
}
