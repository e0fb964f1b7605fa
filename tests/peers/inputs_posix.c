/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include "base/os/os.h"
#include "kmt/soft/os/posix/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void need(bool met)
{
    if (!met)
        abort();
}

static ntf_handle handle_of(int fd)
{
    need(fd >= 3);
    return (ntf_handle)(intptr_t)fd;
}

static int memory(off_t size, int seals)
{
    const int fd = memfd_create("stranger", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    need(fd >= 3 && ftruncate(fd, size) == 0);
    need(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

ntf_handle inputs_page(struct ntf_page **page)
{
    const int fd = memory(NTF_PAGE_BYTES, SEALS);
    void *mapped = mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    need(mapped != MAP_FAILED);
    *page = mapped;
    return handle_of(fd);
}

void inputs_unmap(struct ntf_page *page)
{
    need(munmap(page, NTF_PAGE_BYTES) == 0);
}

void inputs_close(ntf_handle handle)
{
    need(close((int)(intptr_t)handle) == 0);
}

bool inputs_live(ntf_handle handle)
{
    return fcntl((int)(intptr_t)handle, F_GETFD) >= 0;
}

/* ---- descriptors: in all else they are as ours are ---- */

static void write_header(int fd)
{
    struct ntf_page_header header = {.magic = NTF_PAGE_MAGIC, .major = NTF_PAGE_MAJOR};

    header.kind = D3DDDI_MONITORED_FENCE;
    header.size_bytes = NTF_PAGE_BYTES;
    need(pwrite(fd, &header, sizeof header, 0) == sizeof header);
}

static bool sealed(struct given *given, int seals)
{
    const int fd = memory(NTF_PAGE_BYTES, 0);

    write_header(fd);
    need(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    given->handle = handle_of(fd);
    return true;
}

static bool sized(struct given *given, int size)
{
    const int fd = memory(NTF_PAGE_BYTES, 0);

    write_header(fd);
    need(ftruncate(fd, size) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0);
    given->handle = handle_of(fd);
    return true;
}

static bool reopened(struct given *given, int flags)
{
    const int fd = memory(NTF_PAGE_BYTES, 0);
    char path[64];

    write_header(fd);
    need(fcntl(fd, F_ADD_SEALS, SEALS) == 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    given->handle = handle_of(open(path, flags | O_CLOEXEC));
    need(close(fd) == 0);
    return true;
}

/* No byte of it can be touched: no huge page is there for it. */
static bool huge(struct given *given, int argument)
{
    const int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_ALLOW_SEALING);

    (void)argument;
    if (fd < 0)
        return false;
    need(fcntl(fd, F_ADD_SEALS, SEALS) == 0);
    given->handle = handle_of(fd);
    return true;
}

static bool on_disk(struct given *given, int tmpfs)
{
    const int fd = open(tmpfs ? "/dev/shm" : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    need(ftruncate(fd, NTF_PAGE_BYTES) == 0);
    write_header(fd);
    given->handle = handle_of(fd);
    return true;
}

/* ---- servers of a name ---- */

enum answers {
    BOUND,
    CLOSES,
    SILENT,
    HALF,
    NO_NAME,
    TOO_LONG,
    NO_DESCRIPTOR,
    TWO,
    VERSION,
    EVENT,
    UNSEALED,
    READ_ONLY,
    STREAM,
    OTHER_USER
};

struct squatter {
    int listener, memory;
    enum answers mode;
    struct ntf_thread *thread;
};

static void send_with(int fd, const void *bytes, size_t size, int descriptor, unsigned count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    const int fds[2] = {descriptor, descriptor};

    memset(&control, 0, sizeof control);
    if (count > 0) {
        struct cmsghdr *rights;
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    }
    (void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* The request is the right answer, but for the descriptor: magic, version, count, the name. */
static void answer(const struct squatter *squatter, int fd)
{
    union {
        uint32_t words[3];
        char bytes[4096];
    } text;
    ssize_t size;

    memset(&text, 0, sizeof text);
    size = recv(fd, text.bytes, sizeof text.bytes, 0);
    if (size <= 12 || squatter->mode == CLOSES)
        return;
    switch (squatter->mode) {
    case SILENT:
        (void)recv(fd, text.bytes, sizeof text.bytes, 0);
        return; /* until the other has had enough */
    case HALF:
        size /= 2;
        break;
    case NO_NAME:
        size = 12;
        break;
    case TOO_LONG:
        size = sizeof text.bytes;
        break;
    case VERSION:
        text.words[1]++;
        break;
    default:
        break;
    }
    send_with(fd, text.bytes, (size_t)size, squatter->memory,
              squatter->mode == NO_DESCRIPTOR ? 0
              : squatter->mode == TWO         ? 2
                                              : 1);
}

static void serve(void *context)
{
    const struct squatter *squatter = context;
    int fd;

    while ((fd = accept4(squatter->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        answer(squatter, fd);
        (void)close(fd);
    }
}

/* Credentials are each thread's own to the kernel; a listener has those of its listen. */
static bool become(uid_t user)
{
    return syscall(SYS_setresuid, -1, user, -1) == 0;
}

static bool listen_at(struct squatter *squatter, const struct given *given)
{
    const uid_t self = geteuid();
    struct sockaddr_un address;
    struct soft_leaf leaf;
    ntf_unicode_string string = {0};
    socklen_t length;

    while (given->name[string.Length / 2])
        string.Length += 2;
    string.Buffer = (char16_t *)(uintptr_t)given->name;
    need(soft_leaf_of(&string, &leaf));
    length = soft_wire_address(&leaf, &address);
    if (squatter->mode == OTHER_USER && !become(65534))
        return false;
    need(bind(squatter->listener, (struct sockaddr *)&address, length) == 0);
    need(squatter->mode == BOUND || listen(squatter->listener, 8) == 0);
    need(squatter->mode != OTHER_USER || become(self));
    return true;
}

static int memory_to_send(enum answers mode)
{
    struct given given = {0};

    if (mode == EVENT)
        return eventfd(0, EFD_CLOEXEC);
    if (mode == READ_ONLY)
        (void)reopened(&given, O_RDONLY);
    else
        (void)sealed(&given, mode == UNSEALED ? F_SEAL_SHRINK | F_SEAL_GROW : SEALS);
    return (int)(intptr_t)given.handle;
}

static bool squat(struct given *given, int mode)
{
    struct squatter *squatter = calloc(1, sizeof *squatter);

    need(squatter != NULL);
    inputs_name(given);
    squatter->mode = (enum answers)mode;
    squatter->listener =
        socket(AF_UNIX, (mode == STREAM ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
    squatter->memory = memory_to_send(squatter->mode);
    need(squatter->listener >= 3 && squatter->memory >= 3);
    if (!listen_at(squatter, given)) {
        (void)close(squatter->listener);
        (void)close(squatter->memory);
        free(squatter);
        return false;
    }
    need(ntf_thread_start(&squatter->thread, "squatter", serve, squatter) == NTF_OK);
    given->more = squatter;
    return true;
}

static void leave(struct given *given)
{
    struct squatter *squatter = given->more;

    (void)shutdown(squatter->listener, SHUT_RDWR);
    ntf_thread_join(squatter->thread);
    (void)close(squatter->listener);
    (void)close(squatter->memory);
    free(squatter);
}

const struct input inputs_os[] = {
    {"no seal", &answer_foreign, "other seals", sealed, NULL, 0},
    {"may shrink", &answer_foreign, "other seals", sealed, NULL, F_SEAL_GROW | F_SEAL_SEAL},
    {"may grow", &answer_foreign, "other seals", sealed, NULL, F_SEAL_SHRINK | F_SEAL_SEAL},
    {"may be sealed", &answer_foreign, "other seals", sealed, NULL, F_SEAL_SHRINK | F_SEAL_GROW},
    {"sealed against writing", &answer_foreign, "other seals", sealed, NULL, SEALS | F_SEAL_WRITE},
    {"sealed against mapping", &answer_foreign, "other seals", sealed, NULL,
     SEALS | F_SEAL_FUTURE_WRITE},
    {"truncated to nothing", &answer_foreign, "another size", sized, NULL, 0},
    {"truncated to its header", &answer_foreign, "another size", sized, NULL, 64},
    {"truncated by a byte", &answer_foreign, "another size", sized, NULL, NTF_PAGE_BYTES - 1},
    {"longer by a byte", &answer_foreign, "another size", sized, NULL, NTF_PAGE_BYTES + 1},
    {"two pages", &answer_foreign, "another size", sized, NULL, 2 * NTF_PAGE_BYTES},
    {"for reading only", &answer_denied, "without the right to write", reopened, NULL, O_RDONLY},
    {"for writing only", &answer_denied, "without the right to write", reopened, NULL, O_WRONLY},
    {"a path only", &answer_foreign, "not a memory file", reopened, NULL, O_PATH},
    {"huge pages", &answer_foreign, "huge pages", huge, NULL, 0},
    {"a file", &answer_foreign, "memory file", on_disk, NULL, 0},
    {"a file in tmpfs", &answer_foreign, "memory file", on_disk, NULL, 1},
    {"a name bound only", &answer_unknown, "", squat, leave, BOUND},
    {"a server that closes", &answer_unknown, "", squat, leave, CLOSES},
    {"a server that is silent", &answer_unknown, "", squat, leave, SILENT},
    {"half a message", &answer_unknown, "", squat, leave, HALF},
    {"a message without a name", &answer_unknown, "", squat, leave, NO_NAME},
    {"a message too long", &answer_unknown, "", squat, leave, TOO_LONG},
    {"no descriptor", &answer_unknown, "", squat, leave, NO_DESCRIPTOR},
    {"two descriptors", &answer_unknown, "", squat, leave, TWO},
    {"another version", &answer_unknown, "", squat, leave, VERSION},
    {"a name of an event", &answer_named_stranger, "not a memory file", squat, leave, EVENT},
    {"a name of what may be sealed", &answer_named_stranger, "other seals", squat, leave, UNSEALED},
    {"a name of what is read-only", &answer_named_denied, "without the right to write", squat,
     leave, READ_ONLY},
    {"a name of a stream", &answer_unknown, "", squat, leave, STREAM},
    {"a name of another user", &answer_unknown, "", squat, leave, OTHER_USER},
};
const unsigned inputs_os_count = sizeof inputs_os / sizeof inputs_os[0];
