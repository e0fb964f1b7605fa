/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux: descriptors that are not ours, and servers and clients of names that do not behave. Nothing crashes, nothing
 * is left open, a name that nobody answers for is not found; how long that took is printed, and only the watchdog
 * judges it.
 */
#include "rig.h"

#include "base/deadline.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/wire.h"
#include "kmt/soft/soft.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4u
#endif
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int memfd(unsigned flags, off_t size, int seals)
{
    const int fd = memfd_create("stranger", MFD_CLOEXEC | flags);

    assert_true(fd >= 3);
    assert_int_equal(ftruncate(fd, size), 0);
    if (seals)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

/* A page as ours are, before its header is made wrong. */
static int forged(void (*spoil)(struct ntf_page *))
{
    const int fd = memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, SEALS);
    struct ntf_page *page = mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    const uint8_t id[16] = { 7 };

    assert_true((void *)page != MAP_FAILED);
    ntf_page_init(page, D3DDDI_MONITORED_FENCE, SHARED, 0, id);
    if (spoil)
        spoil(page);
    assert_int_equal(munmap(page, NTF_PAGE_BYTES), 0);
    return fd;
}

static void spoil_magic(struct ntf_page *page)
{
    page->header.magic++;
}

static void spoil_major(struct ntf_page *page)
{
    page->header.major++;
}

static void spoil_kind(struct ntf_page *page)
{
    page->header.kind = 6;
}

static void spoil_size(struct ntf_page *page)
{
    page->header.size_bytes = 8192;
}

static void expect_refusal(const char *what, int fd, ntf_status expected)
{
    const size_t before = ntf_test_open_handles();
    struct ntf_object *object = (struct ntf_object *)&object;
    struct rig_fence fence = { POISON, NULL };
    ntf_status status = NTF_STATUS_SUCCESS, by_call;
    const char *why = NULL;

    by_call = rig_open((ntf_handle)(intptr_t)fd, 0, &fence);
    if (by_call != expected)
        fail_msg("%s: expected %s, got %s", what, ntf_status_name(expected), ntf_status_name(by_call));
    assert_int_not_equal(ntf_soft_open_handle((ntf_handle)(intptr_t)fd, &object, &status, &why), NTF_OK);
    assert_int_equal(status, expected);
    assert_non_null(why);
    assert_ptr_equal(object, (struct ntf_object *)&object);
    assert_int_equal(fence.handle, POISON);
    // What was sent is closed by a thread of its own. (A server of an earlier test may be closing its own, too.)
    while (ntf_test_open_handles() > before)
        sched_yield();
    printf("%s: %s\n", what, why);
}

static void expect_and_close(const char *what, int fd, ntf_status expected)
{
    assert_true(fd >= 0);
    expect_refusal(what, fd, expected);
    assert_int_equal(close(fd), 0);
}

/* Design 9: only tmpfs memfds of exactly our size with exactly our seals, opened for writing; judged before any
 * byte is read, and by the kernel's word. */
static void foreign_descriptors(void **state)
{
    const ntf_status other = NTF_STATUS_OBJECT_TYPE_MISMATCH;
    int pair[2], huge;

    (void)state;
    expect_refusal("standard input", 0, NTF_STATUS_INVALID_HANDLE);
    expect_refusal("standard error", 2, NTF_STATUS_INVALID_HANDLE);
    expect_refusal("a closed descriptor", 19999, NTF_STATUS_INVALID_HANDLE);
    expect_and_close("a file", open("/proc/self/exe", O_RDONLY | O_CLOEXEC), other);
    expect_and_close("a device", open("/dev/null", O_RDWR | O_CLOEXEC), other);
    expect_and_close("a folder", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), other);
    expect_and_close("a path only", open("/proc/self/exe", O_PATH | O_CLOEXEC), other);
    expect_and_close("an epoll set", epoll_create1(EPOLL_CLOEXEC), other);
    expect_and_close("a tmpfs file", open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), other);
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    expect_and_close("a pipe", pair[0], other);
    (void)close(pair[1]);
    expect_and_close("no seals", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, 0), other);
    expect_and_close("unsealable", memfd(0, NTF_PAGE_BYTES, 0), other);
    expect_and_close("may shrink", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, F_SEAL_GROW | F_SEAL_SEAL), other);
    expect_and_close("may be sealed", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, F_SEAL_GROW | F_SEAL_SHRINK), other);
    expect_and_close("sealed against writing", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, SEALS | F_SEAL_WRITE), other);
    expect_and_close("too small", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES - 1, SEALS), other);
    expect_and_close("empty", memfd(MFD_ALLOW_SEALING, 0, SEALS), other);
    expect_and_close("too large", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES + 1, SEALS), other);
    huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_ALLOW_SEALING);
    if (huge >= 0)
        expect_and_close("huge pages", huge, other);
    expect_and_close("zeroes", memfd(MFD_ALLOW_SEALING, NTF_PAGE_BYTES, SEALS), other);
    expect_and_close("another magic", forged(spoil_magic), other);
    expect_and_close("another major", forged(spoil_major), other);
    expect_and_close("an unknown kind", forged(spoil_kind), other);
    expect_and_close("another size in the header", forged(spoil_size), other);
}

static void read_only(void **state)
{
    const int fd = forged(NULL);
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    expect_and_close("without the right to write", open(path, O_RDONLY | O_CLOEXEC), NTF_STATUS_ACCESS_DENIED);
    assert_int_equal(close(fd), 0);
}

/* What we make is as we demand it; a second open of the same page finds the same mapping. */
static void ours_is_as_demanded(void **state)
{
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    const int fd = (int)(intptr_t)rig_share(fence.handle);
    char byte = 0;

    (void)state;
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
    assert_int_not_equal(ftruncate(fd, 1), 0);
    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, 'N');
    /* A hole punched by a peer reads as zeroes; nothing faults, and signals still work. */
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, NTF_PAGE_BYTES), 0);
    assert_int_equal(rig_signal(fence.handle, 3), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_wait(fence.handle, 3), NTF_STATUS_SUCCESS);
    assert_int_equal(close(fd), 0);
    rig_destroy(fence.handle);
}

/* ---- servers that do not behave ---- */

static int squat(const char *text, struct soft_leaf *leaf, bool listens)
{
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    struct rig_name name;
    socklen_t length;

    rig_name(&name, text);
    assert_true(soft_leaf_of(&name.string, leaf));
    length = soft_wire_address(leaf, &address);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    if (listens)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void expect_not_found(const char *what, const char *name)
{
    const uint64_t begin = ntf_os_now_ns();
    const size_t before = ntf_test_open_handles();
    ntf_handle nt = (ntf_handle)(uintptr_t)POISON;

    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_true(nt == (ntf_handle)(uintptr_t)POISON);
    ntf_test_until_handles(before);
    printf("%s: not found after %.2f s\n", what, (double)(ntf_os_now_ns() - begin) / 1e9);
}

static void silent_servers(void **state)
{
    const char *name = rig_unique("NtfTest-Silent");
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct soft_leaf leaf;
    ntf_handle nt;
    int fd = squat(name, &leaf, false), clients[4];

    (void)state;
    expect_not_found("bound only", name);
    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(listen(fd, 1), 0);
    expect_not_found("never answers", name);
    /* With a full backlog not even a connection comes about. */
    for (unsigned i = 0; i < NTF_COUNT(clients); i++) {
        struct sockaddr_un address;
        const socklen_t length = soft_wire_address(&leaf, &address);
        clients[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(clients[i], (struct sockaddr *)&address, length);
    }
    expect_not_found("backlog full", name);
    for (unsigned i = 0; i < NTF_COUNT(clients); i++)
        (void)close(clients[i]);
    assert_int_equal(close(fd), 0);
    rig_destroy(fence.handle);
}

/* What a hostile server answers, and with how many descriptors. */
struct liar {
    int listener;
    struct soft_leaf leaf;
    unsigned mode;
    struct ntf_thread *thread;
};
enum { ANSWER_OTHER_NAME, ANSWER_NO_DESCRIPTOR, ANSWER_MANY, ANSWER_GARBAGE, ANSWER_CLOSE, ANSWER_STRANGER, ANSWERS };

static void send_raw(int fd, const void *bytes, size_t size, unsigned descriptors)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(100 * sizeof(int))];
    } control;
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = { 0 };
    struct cmsghdr *rights;
    int fds[100];

    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptors) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
        rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
        for (unsigned i = 0; i < descriptors; i++)
            fds[i] = fd;
        memcpy(CMSG_DATA(rights), fds, descriptors * sizeof(int));
    }
    (void)sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void lie(void *context)
{
    struct liar *liar = context;
    const int fd = accept4(liar->listener, NULL, NULL, SOCK_CLOEXEC);
    char request[1024];
    ssize_t size = recv(fd, request, sizeof request, 0);

    if (liar->mode == ANSWER_OTHER_NAME) {
        liar->leaf.units[0]++;
        soft_wire_send_reply(fd, &liar->leaf, fd);
    } else if (liar->mode == ANSWER_STRANGER) {
        soft_wire_send_reply(fd, &liar->leaf, fd);
    } else if (liar->mode == ANSWER_GARBAGE) {
        send_raw(fd, "garbage", 7, 3);
    } else if (liar->mode != ANSWER_CLOSE && size > 0) {
        /* The request is the right answer, but for the descriptor. */
        send_raw(fd, request, (size_t)size, liar->mode == ANSWER_MANY ? 100 : 0);
    }
    (void)close(fd);
}

static void lying_servers(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < ANSWERS; mode++) {
        const char *name = rig_unique("NtfTest-Liar");
        struct liar liar = { 0 };
        ntf_handle nt = NULL;
        liar.mode = mode;
        liar.listener = squat(name, &liar.leaf, true);
        assert_int_equal(ntf_thread_start(&liar.thread, "liar", lie, &liar), NTF_OK);
        if (mode == ANSWER_STRANGER) { /* the name is honest, what it names is not ours: the open says so */
            assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
            expect_and_close("a stranger by name", (int)(intptr_t)nt, NTF_STATUS_OBJECT_TYPE_MISMATCH);
            ntf_thread_join(liar.thread);
        } else {
            const uint64_t begin = ntf_os_now_ns();
            const size_t before = ntf_test_open_handles(); /* the liar's own one may come or go meanwhile */
            assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_OBJECT_NAME_NOT_FOUND);
            printf("liar %u: not found after %.2f s\n", mode, (double)(ntf_os_now_ns() - begin) / 1e9);
            ntf_thread_join(liar.thread);
            while (ntf_test_open_handles() > before) // what was sent is closed by a thread of its own
                sched_yield();
        }
        assert_int_equal(close(liar.listener), 0);
    }
}

/* Clients that connect and say nothing, or nonsense, do not keep others from their answer. */
static void silent_clients(void **state)
{
    const char *name = rig_unique("NtfTest-Clients");
    const struct rig_fence fence = rig_monitored(SHARED, 0);
    struct sockaddr_un address;
    struct soft_leaf leaf;
    struct rig_name full;
    socklen_t length;
    int clients[200];
    ntf_handle nt;

    (void)state;
    assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    rig_name(&full, name);
    assert_true(soft_leaf_of(&full.string, &leaf));
    length = soft_wire_address(&leaf, &address);
    for (unsigned i = 0; i < NTF_COUNT(clients); i++) {
        clients[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&address, length), 0);
        if (i % 5 == 1)
            send_raw(clients[i], "nonsense", 8, 2);
        if (i % 40 == 0) {
            assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
            rig_handle_close(nt);
        }
    }
    assert_int_equal(rig_lookup(name, 1, &nt), NTF_STATUS_SUCCESS);
    rig_handle_close(nt);
    for (unsigned i = 0; i < NTF_COUNT(clients); i++)
        assert_int_equal(close(clients[i]), 0);
    rig_destroy(fence.handle);
}

/* Lookups race with a name that comes and goes: each finds it or does not, and nothing is left. */
struct searcher {
    struct ntf_thread *thread;
    const char *name;
    ntf_au32 *stop;
    unsigned found, missing;
};

static void search_names(void *context)
{
    struct searcher *searcher = context;

    while (!ntf_load(searcher->stop, NTF_ACQUIRE)) {
        ntf_handle nt;
        if (rig_lookup(searcher->name, 1, &nt) == NTF_STATUS_SUCCESS) {
            searcher->found++;
            (void)close((int)(intptr_t)nt);
        } else {
            searcher->missing++;
        }
    }
}

static void come_and_go(void **state)
{
    struct searcher searchers[3];
    const char *name = rig_unique("NtfTest-Race");
    size_t handles = ntf_test_open_handles();
    ntf_au32 stop;

    (void)state;
    ntf_init(&stop, 0u);
    for (unsigned i = 0; i < NTF_COUNT(searchers); i++) {
        searchers[i] = (struct searcher){ NULL, name, &stop, 0, 0 };
        assert_int_equal(ntf_thread_start(&searchers[i].thread, "search", search_names, &searchers[i]), NTF_OK);
    }
    for (int i = 0; i < 500; i++) {
        const struct rig_fence fence = rig_monitored(SHARED, 0);
        ntf_handle nt;
        assert_int_equal(rig_share_as(fence.handle, name, &nt), NTF_STATUS_SUCCESS);
        rig_handle_close(nt);
        rig_destroy(fence.handle);
    }
    ntf_store(&stop, 1u, NTF_RELEASE);
    for (unsigned i = 0; i < NTF_COUNT(searchers); i++) {
        ntf_thread_join(searchers[i].thread);
        printf("found %u, missing %u\n", searchers[i].found, searchers[i].missing);
    }
    ntf_test_until_handles(handles);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_descriptors), cmocka_unit_test(read_only),     cmocka_unit_test(ours_is_as_demanded),
        cmocka_unit_test(silent_servers),      cmocka_unit_test(lying_servers), cmocka_unit_test(silent_clients),
        cmocka_unit_test(come_and_go),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-strangers", tests, NTF_COUNT(tests), NULL, NULL);
}
