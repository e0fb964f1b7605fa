/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that pretend to be bundles: each is refused, says why, keeps nothing open, and nobody is held up. */
#include "rig_bundle.h"

#include "kmt/soft/resource.h"
#include "kmt/soft/soft.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAGIC 0x55424E54u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

/* What a real bundle consists of, for forgers. */
static int resource_fd, mutex_fd, sync_fd;

static int fd_of(ntf_handle handle)
{
    return (int)(intptr_t)handle;
}

/* One end of a pair in whose queue lies a message: bytes, and descriptors beside them. The other end is closed. */
static int with_message(int type, const void *bytes, size_t size, const int *fds, unsigned count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(253 * sizeof(int))];
    } control;
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    struct msghdr message;
    const int one = 1;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    (void)setsockopt(pair[0], SOL_SOCKET, SO_PASSPIDFD, &one, sizeof one); /* one descriptor more, by the kernel */
    memset(&message, 0, sizeof message);
    memset(&control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
        CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
        CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, count * sizeof(int));
    }
    if (size > 0)
        assert_int_equal(sendmsg(pair[1], &message, MSG_NOSIGNAL), size);
    (void)close(pair[1]);
    return pair[0];
}

static int forged(uint32_t magic, uint32_t version, uint32_t count, const int *fds, unsigned sent)
{
    const uint32_t packet[3] = { magic, version, count };

    return with_message(SOCK_SEQPACKET, packet, sizeof packet, fds, sent);
}

/* No bundle, by whichever call. */
static void expect_refused(const char *what, int fd, ntf_status expected)
{
    const ntf_handle nt = (ntf_handle)(intptr_t)fd;
    D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE info;
    struct ntf_object *object = NULL;
    struct ntf_mutex *mutex = NULL;
    struct rig_opening opening;
    const size_t handles = ntf_test_open_handles();
    const char *why = NULL;
    ntf_status status;

    rig_opening(&opening, nt, 1);
    status = rig_open_resource(&opening);
    if (status != expected)
        fail_msg("%s: 0x%08X", what, (unsigned)status);
    memset(&info, 0, sizeof info);
    info.hDevice = rig_device();
    info.hNtHandle = nt;
    assert_true(kmt.QueryResourceInfoFromNtHandle(&info) < 0);
    assert_int_not_equal(ntf_soft_open_bundle(nt, &object, &mutex, &status, &why), NTF_OK);
    assert_non_null(why);
    assert_null(object);
    assert_null(mutex);
    ntf_test_until_handles(handles); /* what a stranger has sent is closed elsewhere */
    assert_int_equal(ntf_test_open_handles(), handles);
    (void)close(fd);
}

#define OTHER NTF_STATUS_OBJECT_TYPE_MISMATCH

static void other_sockets(void **state)
{
    const int three[3] = { resource_fd, mutex_fd, sync_fd };
    int pair[2];

    (void)state;
    expect_refused("nothing in it", with_message(SOCK_SEQPACKET, "", 0, NULL, 0), OTHER);
    expect_refused("a stream", with_message(SOCK_STREAM, "some bytes", 10, three, 3), OTHER);
    expect_refused("datagrams", with_message(SOCK_DGRAM, "some bytes", 10, NULL, 0), OTHER);
    expect_refused("other bytes", with_message(SOCK_SEQPACKET, "twelve bytes", 12, three, 3), OTHER);
    expect_refused("a byte", with_message(SOCK_SEQPACKET, "x", 1, three, 3), OTHER);
    expect_refused("another magic", forged(MAGIC + 1, 1, 3, three, 3), OTHER);
    expect_refused("another version", forged(MAGIC, 2, 3, three, 3), OTHER);
    expect_refused("another count", forged(MAGIC, 1, 4, three, 3), OTHER);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0); /* blocking, and its other end is silent */
    expect_refused("a silent one", pair[0], OTHER);
    (void)close(pair[1]);
    expect_refused("a network socket", socket(AF_INET, SOCK_STREAM, 0), OTHER);
}

static void other_parts(void **state)
{
    const int event = eventfd(0, EFD_CLOEXEC), memory = memfd_create("stranger", MFD_CLOEXEC);
    const int sets[][4] = {
        { resource_fd, mutex_fd, -1, -1 },
        { resource_fd, mutex_fd, sync_fd, sync_fd },
        { mutex_fd, resource_fd, sync_fd, -1 },
        { resource_fd, sync_fd, mutex_fd, -1 },
        { resource_fd, mutex_fd, mutex_fd, -1 },
        { resource_fd, resource_fd, sync_fd, -1 },
        { event, mutex_fd, sync_fd, -1 },
        { resource_fd, event, sync_fd, -1 },
        { resource_fd, mutex_fd, event, -1 },
        { memory, mutex_fd, sync_fd, -1 },
        { resource_fd, memory, sync_fd, -1 },
        { resource_fd, mutex_fd, memory, -1 },
    };
    int many[200];

    (void)state;
    for (unsigned i = 0; i < NTF_COUNT(sets); i++) {
        unsigned count = 0;
        while (count < 4 && sets[i][count] >= 0)
            count++;
        expect_refused("other parts", forged(MAGIC, 1, 3, sets[i], count), OTHER);
    }
    expect_refused("no parts", forged(MAGIC, 1, 3, NULL, 0), OTHER);
    for (unsigned i = 0; i < NTF_COUNT(many); i++)
        many[i] = i < 3 ? sets[1][i] : event;
    expect_refused("two hundred parts", forged(MAGIC, 1, 3, many, NTF_COUNT(many)), OTHER);
    (void)close(event);
    (void)close(memory);
}

/* A resource whose page says what it does not hold. */
static int forged_resource(uint32_t allocations, uint32_t runtime, uint32_t driver, uint32_t total, uint32_t part)
{
    static const uint8_t id[16] = { 7 };
    const int fd = memfd_create("ntfence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct soft_resource_page *page;

    assert_int_equal(ftruncate(fd, NTF_PAGE_BYTES), 0);
    page = mmap(NULL, NTF_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(page != MAP_FAILED);
    ntf_page_init((struct ntf_page *)(void *)page, NTF_PAGE_KIND_RESOURCE, SHARED, 0, id);
    page->allocations = allocations;
    page->runtime_bytes = runtime;
    page->driver_bytes = driver;
    page->total_bytes = total;
    for (unsigned i = 0; i + 4 <= SOFT_RESOURCE_ROOM; i += 4)
        memcpy(page->data + i, &part, 4);
    (void)munmap(page, NTF_PAGE_BYTES);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
    return fd;
}

static void sizes_that_do_not_fit(void **state)
{
    const struct {
        uint32_t allocations, runtime, driver, total, part;
    } rows[] = {
        { 0, 0, 0, 0, 0 },
        { 1, SOFT_RESOURCE_ROOM + 1, 0, 0, 0 },
        { 1, UINT32_MAX, 1, 0, 0 },
        { 1, 1, UINT32_MAX, 0, 0 },
        { 1, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
        { UINT32_MAX, 0, 0, 0, 0 },
        { SOFT_RESOURCE_ROOM / 4 + 1, 0, 0, 0, 0 },
        { 0x40000001u, 0, 0, 0, 0 },
        { 1, SOFT_RESOURCE_ROOM - 3, 0, 0, 0 },
        { 1, SOFT_RESOURCE_ROOM - 4, 0, 1, 1 },
        { 1, 0, 0, 5, 4 },
        { 2, 0, 0, 1, 0x80000000u },
        { 2, 0, 0, 0xFFFFFFFEu, UINT32_MAX },
        { 4, 0, 0, 0, 0x40000000u },
    };

    (void)state;
    for (unsigned i = 0; i < NTF_COUNT(rows); i++) {
        const int alone = forged_resource(rows[i].allocations, rows[i].runtime, rows[i].driver, rows[i].total,
                                          rows[i].part);
        const int three[3] = { alone, mutex_fd, sync_fd };
        expect_refused("in a bundle", forged(MAGIC, 1, 3, three, 3), OTHER);
        expect_refused("alone", alone, OTHER);
    }
}

/* One that was emptied by somebody who has it; and one whose holder asks the kernel for more than is sent. */
static void other_holders(void **state)
{
    const int one = 1;
    struct rig_bundle bundle, opened;
    char bytes[64];
    ntf_handle nt, second;

    (void)state;
    rig_bundle_make(&bundle, 0);
    nt = rig_bundle_share(&bundle);
    second = rig_bundle_share(&bundle);
    (void)setsockopt(fd_of(nt), SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
    (void)setsockopt(fd_of(nt), SOL_SOCKET, SO_PASSPIDFD, &one, sizeof one);
    for (int round = 0; round < 2; round++) {
        const size_t handles = ntf_test_open_handles();
        assert_int_equal(rig_bundle_open(second, &opened), NTF_STATUS_SUCCESS);
        rig_bundle_destroy(&opened);
        assert_int_equal(ntf_test_open_handles(), handles);
    }
    assert_int_equal(recv(fd_of(nt), bytes, sizeof bytes, 0), 12);
    expect_refused("emptied", fd_of(nt), OTHER);
    expect_refused("emptied for all", fd_of(second), OTHER);
    rig_bundle_destroy(&bundle);
}

/* A real one still opens when others have looked at it in vain. */
static void a_forged_bundle_of_real_parts_opens(void **state)
{
    const int three[3] = { resource_fd, mutex_fd, sync_fd };
    const int fd = forged(MAGIC, 1, 3, three, 3);
    const size_t handles = ntf_test_open_handles();
    struct rig_bundle opened;

    (void)state;
    assert_int_equal(rig_bundle_open((ntf_handle)(intptr_t)fd, &opened), NTF_STATUS_SUCCESS);
    assert_int_equal(rig_try(opened.mutex, 0), NTF_STATUS_SUCCESS);
    rig_bundle_destroy(&opened);
    assert_int_equal(ntf_test_open_handles(), handles);
    (void)close(fd);
}

/* The descriptors of a real bundle's parts, as whoever receives its handle can have them; all else of it has gone. */
static int take_apart(void **state)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control;
    char bytes[64];
    struct iovec part = { bytes, sizeof bytes };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                              .msg_controllen = sizeof control.bytes };
    struct rig_bundle real;
    ntf_handle nt;
    int fds[3];

    (void)state;
    rig_bundle_make(&real, 0);
    nt = rig_bundle_share(&real);
    if (recvmsg(fd_of(nt), &message, MSG_PEEK) != 12 || !CMSG_FIRSTHDR(&message))
        return -1;
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fds);
    resource_fd = fds[0];
    mutex_fd = fds[1];
    sync_fd = fds[2];
    rig_handle_close(nt);
    rig_bundle_destroy(&real);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_sockets),
        cmocka_unit_test(other_parts),
        cmocka_unit_test(sizes_that_do_not_fit),
        cmocka_unit_test(other_holders),
        cmocka_unit_test(a_forged_bundle_of_real_parts_opens),
    };

    (void)argc;
    (void)argv;
    kmt = *ntf_soft_thunks();
    return ntf_test_run("soft-bundle-strangers", tests, NTF_COUNT(tests), take_apart, NULL);
}
