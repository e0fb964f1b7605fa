/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle on Linux: a socket in whose queue lies one message, with the descriptors of the three memories beside it.
 * Its other end is closed, so nothing is ever added. Whoever opens the bundle looks at the message and leaves it there
 * (MSG_PEEK gives new descriptors each time), so that it can be opened any number of times, in whichever process, for
 * as long as there is a descriptor of the socket.
 *
 *   { magic, version, count }     and beside it the resource, the keyed mutex, the synchronization object
 *
 * All who have the socket have the same queue: one may take the message out, and then the bundle is empty for all. What
 * a stranger's socket holds is looked at in two steps, its bytes before its descriptors, by a thread that is not waited
 * for beyond a deadline.
 */
#include "base/deadline.h"
#include "base/os/os.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/discard.h"
#include "kmt/soft/os/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC 0x55424E54u /* "TNBU" */
#define VERSION 1u
/* As many as a message can have (SCM_MAX_FD): those without room would be closed by the kernel here and now. */
#define MOST_DESCRIPTORS 253u
#define PIDFD 4 /* SCM_PIDFD, which older headers lack */

struct packet { /* the same in every build */
    uint32_t magic;
    uint32_t version;
    uint32_t count;
};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
};

/* ---- making ---- */

static bool send_parts(int fd, const int parts[SOFT_BUNDLE_PARTS])
{
    struct packet packet = { MAGIC, VERSION, SOFT_BUNDLE_PARTS };
    struct iovec bytes = { &packet, sizeof packet };
    union control control;
    struct msghdr message;
    struct cmsghdr *rights;

    memset(&control, 0, sizeof control);
    memset(&message, 0, sizeof message);
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(SOFT_BUNDLE_PARTS * sizeof(int));
    rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(SOFT_BUNDLE_PARTS * sizeof(int));
    memcpy(CMSG_DATA(rights), parts, SOFT_BUNDLE_PARTS * sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof packet;
}

enum ntf_result soft_bundle_make(const struct soft_memory *resource, const struct soft_memory *mutex,
                                 const struct soft_memory *sync, struct soft_memory *out)
{
    const int parts[SOFT_BUNDLE_PARTS] = { soft_fd_of(resource->handle), soft_fd_of(mutex->handle),
                                           soft_fd_of(sync->handle) };
    bool sent;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return NTF_E_NO_MEMORY;
    pair[0] = soft_fd_above_standard(pair[0]);
    sent = pair[0] >= 0 && send_parts(pair[1], parts);
    (void)close(pair[1]);
    if (!sent) { /* too many of this user's descriptors are under way, or there is no memory */
        if (pair[0] >= 0)
            (void)close(pair[0]);
        return NTF_E_NO_MEMORY;
    }
    memset(out, 0, sizeof *out);
    out->handle = soft_handle_of(pair[0]);
    return NTF_OK;
}

void soft_bundle_close(struct soft_memory *bundle)
{
    (void)close(soft_fd_of(bundle->handle));
    memset(bundle, 0, sizeof *bundle);
}

/* ---- opening ---- */

/* A descriptor that is no socket fails here without its file system being asked anything. */
static bool is_socket(int fd)
{
    int domain = 0, type = 0;
    socklen_t domain_size = sizeof domain, type_size = sizeof type;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_SEQPACKET;
}

/* Another holder of the socket may have asked the kernel for more (SO_PASSPIDFD): that comes as a descriptor, too. */
static void close_pidfd(const struct cmsghdr *part)
{
    int pidfd;

    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != PIDFD || part->cmsg_len != CMSG_LEN(sizeof pidfd))
        return;
    memcpy(&pidfd, CMSG_DATA(part), sizeof pidfd);
    (void)close(pidfd);
}

/* Takes the descriptors out of a message; how many there are, of which the first go to fds and the rest is closed. */
static uint32_t take_descriptors(struct msghdr *message, int fds[SOFT_BUNDLE_PARTS])
{
    struct cmsghdr *part;
    uint32_t seen = 0;

    for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        size_t i, count;
        close_pidfd(part);
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (seen < SOFT_BUNDLE_PARTS)
                fds[seen] = fd;
            else
                soft_discard(fd);
            seen++;
        }
    }
    return seen;
}

/* Looks at the first message. control NULL: at its bytes only. */
static bool peek(int fd, union control *control, struct msghdr *message, struct packet *packet)
{
    struct iovec bytes = { packet, sizeof *packet };
    ssize_t size;

    memset(message, 0, sizeof *message);
    message->msg_iov = &bytes;
    message->msg_iovlen = 1;
    message->msg_control = control ? control->bytes : NULL;
    message->msg_controllen = control ? sizeof control->bytes : 0;
    errno = 0; /* what it is afterwards is this call's */
    size = recvmsg(fd, message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    message->msg_iov = NULL; /* it ends with this function */
    return size == (ssize_t)sizeof *packet && !(message->msg_flags & MSG_TRUNC) && packet->magic == MAGIC &&
           packet->version == VERSION && packet->count == SOFT_BUNDLE_PARTS;
}

static void discard_all(const int fds[SOFT_BUNDLE_PARTS])
{
    uint32_t i;

    for (i = 0; i < SOFT_BUNDLE_PARTS; i++)
        soft_discard(fds[i]);
}

/* Whether a look has failed for that. */
static bool no_memory(ntf_status *status)
{
    if (errno != ENOMEM && errno != ENOBUFS)
        return false;
    *status = NTF_STATUS_NO_MEMORY;
    return true;
}

/* NULL: three descriptors above 2. */
static const char *read_parts(int fd, int fds[SOFT_BUNDLE_PARTS], ntf_status *status)
{
    union control control;
    struct msghdr message;
    struct packet packet;
    uint32_t i, count;
    bool good;

    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    if (!peek(fd, NULL, &message, &packet))
        return no_memory(status) ? "no memory to look into the bundle" : "a socket, and no bundle of soft";
    good = peek(fd, &control, &message, &packet);
    if (!good && no_memory(status))
        return "no memory to look into the bundle";
    count = take_descriptors(&message, fds);
    good = good && count == SOFT_BUNDLE_PARTS;
    if (message.msg_flags & MSG_CTRUNC) {
        discard_all(fds);
        *status = NTF_STATUS_NO_MEMORY;
        return "no descriptors left for what is in the bundle";
    }
    for (i = 0; i < SOFT_BUNDLE_PARTS && good; i++) {
        fds[i] = soft_fd_above_standard(fds[i]);
        good = fds[i] >= 0;
    }
    if (good)
        return NULL;
    discard_all(fds);
    return "a bundle of other parts";
}

/* ---- a thread that may be held up ---- */

/* A socket has one lock for all who receive from it, in whichever process, and it is held while the bytes are copied:
 * who receives into memory that a file system of his serves (FUSE) keeps all others out for as long as he likes, and
 * MSG_DONTWAIT does not help. So a thread looks, and is left there if it does not come back. */
#define LOOK_NS UINT64_C(2000000000)
#define MOST_LEFT 4u /* threads that have not come back */

struct look { /* the caller's until `state` is LEFT, then the thread's */
    ntf_au32 state;
    int socket, fds[SOFT_BUNDLE_PARTS];
    const char *why;
    ntf_status status;
};
enum { LOOKING, DONE, LEFT };

static ntf_au32 left; /* how many */

static void end_look(struct look *look)
{
    if (!look->why)
        discard_all(look->fds);
    (void)close(look->socket);
    free(look);
}

static void look_at(void *context)
{
    struct look *look = (struct look *)context;
    uint32_t looking = LOOKING;

    look->why = read_parts(look->socket, look->fds, &look->status);
    if (ntf_cas(&look->state, &looking, (uint32_t)DONE, NTF_ACQ_REL)) {
        ntf_os_unpark_all(&look->state); /* the caller joins this thread before the memory goes */
        return;
    }
    end_look(look);
    (void)ntf_fetch_sub(&left, 1u, NTF_RELAXED);
}

/* Whether it has come to the end. */
static bool await_look(struct look *look)
{
    const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), LOOK_NS);
    uint32_t looking = LOOKING;

    while (ntf_load(&look->state, NTF_ACQUIRE) == LOOKING && !ntf_deadline_passed(deadline_ns, ntf_os_now_ns()))
        (void)ntf_os_park(&look->state, LOOKING, deadline_ns);
    (void)ntf_fetch_add(&left, 1u, NTF_RELAXED);
    if (ntf_cas(&look->state, &looking, (uint32_t)LEFT, NTF_ACQ_REL))
        return false;
    (void)ntf_fetch_sub(&left, 1u, NTF_RELAXED);
    return true;
}

/* One message of the right length is all that a bundle has. This asks without that lock. */
static bool may_be_bundle(int socket)
{
    int bytes = 0;

    return ioctl(socket, FIONREAD, &bytes) == 0 && bytes == (int)sizeof(struct packet);
}

static enum ntf_result strange(ntf_status *status, const char **why)
{
    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    *why = "not a memory file";
    return NTF_E_WRONG_OBJECT;
}

/* Takes over the socket. */
static enum ntf_result look_aside(int socket, int fds[SOFT_BUNDLE_PARTS], ntf_status *status, const char **why)
{
    struct look *look = NULL;
    struct ntf_thread *thread;
    enum ntf_result result;

    *status = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    *why = "a socket, and no bundle of soft";
    if (!may_be_bundle(socket)) {
        (void)close(socket);
        return NTF_E_WRONG_OBJECT;
    }
    *status = NTF_STATUS_NO_MEMORY;
    *why = "no memory, or no thread, to look into the bundle";
    if (ntf_load(&left, NTF_RELAXED) < MOST_LEFT)
        look = (struct look *)calloc(1, sizeof *look);
    if (look) {
        ntf_init(&look->state, (uint32_t)LOOKING);
        look->socket = socket;
        memset(look->fds, 0xFF, sizeof look->fds); /* -1 */
    }
    if (!look || ntf_thread_start(&thread, "ntfence-bundle", look_at, look) != NTF_OK) {
        (void)close(socket);
        free(look);
        return NTF_E_NO_MEMORY;
    }
    if (!await_look(look)) {
        ntf_thread_detach(thread);
        *status = NTF_STATUS_INVALID_PARAMETER; /* which ends it: nobody looks once more to tell what it is */
        *why = "a bundle that somebody keeps from being looked into";
        return NTF_E_NOT_FOUND;
    }
    ntf_thread_join(thread);
    *why = look->why;
    *status = look->status;
    result = !look->why ? NTF_OK : look->status == NTF_STATUS_NO_MEMORY ? NTF_E_NO_MEMORY : NTF_E_WRONG_OBJECT;
    if (result == NTF_OK)
        memcpy(fds, look->fds, sizeof look->fds);
    (void)close(socket);
    free(look);
    return result;
}

enum ntf_result soft_bundle_parts(ntf_handle nt, ntf_handle parts[SOFT_BUNDLE_PARTS], ntf_status *status,
                                  const char **why)
{
    const int fd = soft_fd_of(nt);
    int fds[SOFT_BUNDLE_PARTS] = { -1, -1, -1 };
    enum ntf_result result;
    uint32_t i;
    int ours;

    if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
        *status = NTF_STATUS_INVALID_HANDLE;
        *why = "not an open descriptor above 2";
        return NTF_E_BAD_HANDLE;
    }
    /* Every close asks the file system (FUSE_FLUSH), and not the last one only: no second descriptor of what is
     * neither. */
    if (fcntl(fd, F_GET_SEALS) < 0 && !is_socket(fd))
        return strange(status, why);
    /* Of our own: the caller's number may be closed and given out again meanwhile. */
    ours = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (ours < 0) {
        *status = errno == EBADF ? NTF_STATUS_INVALID_HANDLE : NTF_STATUS_NO_MEMORY;
        *why = errno == EBADF ? "not an open descriptor above 2" : "no descriptor left";
        return errno == EBADF ? NTF_E_BAD_HANDLE : NTF_E_NO_MEMORY;
    }
    if (fcntl(ours, F_GET_SEALS) >= 0) {
        parts[0] = soft_handle_of(ours);
        parts[1] = parts[2] = NULL;
        return NTF_OK;
    }
    if (!is_socket(ours)) { /* it was one a moment ago */
        soft_discard(ours);
        return strange(status, why);
    }
    result = look_aside(ours, fds, status, why);
    if (result != NTF_OK)
        return result;
    for (i = 0; i < SOFT_BUNDLE_PARTS; i++)
        parts[i] = soft_handle_of(fds[i]);
    return NTF_OK;
}
