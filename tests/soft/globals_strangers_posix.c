/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux: holders of a global handle that do not answer, or lie, or die, and other users. Nothing crashes, nothing is
 * left open, and what nobody answers for is refused.
 */
#include "globals_raw_posix.h"

#include "base/deadline.h"
#include "kmt/soft/os/posix/number_wire.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534u

struct asker {
    struct ntf_thread *thread;
    D3DKMT_HANDLE number;
    enum ntf_result result;
};

static void ask(void *context)
{
    struct asker *asker = context;
    int memory, bound;

    asker->result = soft_number_ask(asker->number, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory, &bound);
}

/* deviation 29: two seconds, and the number is not given to anybody else meanwhile. */
static void silent_holders(void **state)
{
    const D3DKMT_HANDLE number = raw_number(), full = number ^ 64;
    const struct raw_packet packet = { RAW_MAGIC, 1, full };
    const size_t before = ntf_test_open_handles();
    const int stranger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct asker asker = { NULL, number, NTF_OK };
    unsigned queued = 0;
    int bound[2], again = -1;

    (void)state;
    assert_int_equal(soft_number_bind(number, &bound[0]), NTF_OK);
    assert_int_equal(soft_number_bind(full, &bound[1]), NTF_OK);
    assert_int_equal(soft_number_bind(number, &again), NTF_E_COLLISION);
    assert_int_equal(again, -1);
    while (raw_send(stranger, &full, &packet, sizeof packet, NULL, 0))
        queued++;
    assert_int_equal(errno, EAGAIN);
    printf("%u requests fit in the queue\n", queued);
    assert_int_equal(ntf_thread_start(&asker.thread, "asker", ask, &asker), NTF_OK);
    raw_refused("the queue is full", full);
    ntf_thread_join(asker.thread);
    assert_int_equal(asker.result, NTF_E_NOT_FOUND); /* bound, and never read */
    assert_int_equal(shutdown(bound[0], SHUT_RDWR), 0);
    raw_refused("shut down", number);
    assert_int_equal(close(bound[0]), 0);
    assert_int_equal(close(bound[1]), 0);
    raw_refused("closed", number);
    assert_int_equal(close(stranger), 0);
    assert_int_equal(ntf_test_open_handles(), before);
}

/* What a liar answers; until told to stop, since some lies are asked for again. */
enum lie {
    NO_DESCRIPTOR,
    ONE,
    THREE,
    MANY,
    OTHER_NUMBER,
    OTHER_MAGIC,
    SHORT,
    LONG,
    NOT_SEALED,
    SHARED_BY_NT,
    NO_PAGE,
    NO_SOCKET,
    OTHER_SOCKET,
    CONNECTED,
    LIES,      /* from here on the truth */
    MOSTLY_DEAD /* like holders that are killed with the request in their hands, four out of five */
};

struct liar {
    struct ntf_thread *thread;
    D3DKMT_HANDLE number;
    enum lie lie;
    int bound, other, page, unsealed, by_nt;
    unsigned asked;
    ntf_au32 stop;
};

static void answer_falsely(struct liar *liar, int reply)
{
    struct raw_packet packet[2] = { { RAW_MAGIC, 1, liar->number }, { 0, 0, 0 } };
    int fds[RAW_FDS] = { liar->page, liar->bound };
    unsigned count = 2;
    size_t size = sizeof packet[0];

    for (unsigned i = 2; i < RAW_FDS; i++)
        fds[i] = liar->page;
    switch (liar->lie) {
    case NO_DESCRIPTOR:
    case ONE:
        count = liar->lie == ONE;
        break;
    case THREE:
    case MANY:
        count = liar->lie == MANY ? RAW_FDS : 3;
        break;
    case OTHER_NUMBER:
        packet[0].number += 64;
        break;
    case OTHER_MAGIC:
        packet[0].magic++;
        break;
    case SHORT:
    case LONG:
        size = liar->lie == LONG ? sizeof packet : size - 1;
        break;
    case NOT_SEALED:
        fds[0] = liar->unsealed;
        break;
    case SHARED_BY_NT:
        fds[0] = liar->by_nt;
        break;
    case NO_PAGE:
        fds[0] = liar->other;
        break;
    case NO_SOCKET:
        fds[1] = liar->page;
        break;
    case OTHER_SOCKET:
        fds[1] = liar->other;
        break;
    case CONNECTED:
        fds[1] = reply;
        break;
    default:
        break;
    }
    (void)raw_send(reply, NULL, packet, size, fds, count);
}

static void lie(void *context)
{
    struct liar *liar = context;

    while (!ntf_load(&liar->stop, NTF_ACQUIRE)) {
        struct pollfd entry = { liar->bound, POLLIN, 0 };
        int reply;
        if (poll(&entry, 1, 10) == 1 &&
            soft_number_read_request(liar->bound, liar->number, &reply) == SOFT_NUMBER_REQUEST) {
            if (liar->lie != MOSTLY_DEAD || ++liar->asked % 5 == 0)
                answer_falsely(liar, reply);
            (void)close(reply);
        }
    }
}

/* page: what it names. */
static void liar_begin(struct liar *liar, enum lie which, int page)
{
    liar->number = raw_number();
    liar->lie = which;
    liar->asked = 0;
    assert_int_equal(soft_number_bind(liar->number, &liar->bound), NTF_OK);
    liar->other = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    liar->page = page;
    liar->unsealed = raw_page(NTF_SYNC_SHARED, F_SEAL_GROW);
    liar->by_nt = raw_page(SHARED, RAW_SEALS);
    ntf_init(&liar->stop, 0u);
    assert_int_equal(ntf_thread_start(&liar->thread, "liar", lie, liar), NTF_OK);
}

static void liar_end(struct liar *liar)
{
    ntf_store(&liar->stop, 1u, NTF_RELEASE);
    ntf_thread_join(liar->thread);
    (void)close(liar->bound);
    (void)close(liar->other);
    (void)close(liar->page);
    (void)close(liar->unsealed);
    (void)close(liar->by_nt);
}

static void lying_holders(void **state)
{
    (void)state;
    for (enum lie which = NO_DESCRIPTOR; which < LIES; which++) {
        const size_t before = ntf_test_open_handles();
        struct liar liar;
        char what[32];
        liar_begin(&liar, which, raw_page(NTF_SYNC_SHARED, RAW_SEALS));
        (void)snprintf(what, sizeof what, "lie %d", (int)which);
        raw_refused(what, liar.number);
        liar_end(&liar);
        ntf_test_until_handles(before);
    }
}

/* What tells no lie is opened, whoever made it, but not what this copy has under another number. */
static void two_numbers(void **state)
{
    D3DKMT_HANDLE number;
    const struct rig_fence fence = rig_global(0, &number);
    const size_t before = ntf_test_open_handles();
    struct liar liar;
    int memory, bound;

    (void)state;
    liar_begin(&liar, LIES, raw_page(NTF_SYNC_SHARED, RAW_SEALS));
    raw_found(liar.number);
    liar_end(&liar);
    assert_int_equal(soft_number_ask(number, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory, &bound), NTF_OK);
    liar_begin(&liar, LIES, memory);
    raw_refused("the memory of another number", liar.number);
    raw_found(number);
    liar_end(&liar);
    assert_int_equal(close(bound), 0);
    ntf_test_until_handles(before);
    rig_destroy(fence.handle);
}

/* Whoever dies with a request in his hands costs the asker another question, not the answer. */
static void dying_holders(void **state)
{
    const size_t before = ntf_test_open_handles();
    struct liar liar;

    (void)state;
    liar_begin(&liar, MOSTLY_DEAD, raw_page(NTF_SYNC_SHARED, RAW_SEALS));
    for (int i = 0; i < 10; i++)
        raw_found(liar.number);
    liar_end(&liar);
    assert_in_range(liar.asked, 50, 1000);
    ntf_test_until_handles(before);
}

/* A descriptor of a global object, which its holder has by itself, is no NT handle of it. */
static void no_nt_handle(void **state)
{
    const int fd = raw_page(NTF_SYNC_SHARED, RAW_SEALS);
    struct rig_fence fence;

    (void)state;
    assert_int_equal(rig_open((ntf_handle)(intptr_t)fd, 0, &fence), NTF_STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(close(fd), 0);
}

/* Another user: he knows the address, asks, and has no answer; he answers, and is not believed. */
static int other_user(void)
{
    const D3DKMT_HANDLE number = (D3DKMT_HANDLE)strtoul(ntf_test_role_arg(0), NULL, 10);
    const struct raw_packet packet = { RAW_MAGIC, 1, number };
    struct sockaddr_un address;
    socklen_t length;
    struct liar liar = { .lie = LIES, .number = raw_number() };
    struct pollfd entry = { -1, POLLIN, 0 };
    char byte, line[NTF_LINE_MAX];
    int pair[2], asker;

    asker = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    length = soft_number_address(number, &address);
    liar.bound = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
        connect(asker, (struct sockaddr *)&address, length))
        return 2;
    if (!raw_send(asker, NULL, &packet, sizeof packet, &pair[1], 1))
        return 3;
    (void)close(pair[1]);
    entry.fd = pair[0];
    if (poll(&entry, 1, 20000) != 1)
        return 4;
    ntf_parent_send(recv(pair[0], &byte, 1, MSG_DONTWAIT) == 0 ? "no answer" : "an answer");
    /* Bound as what it was before: the address says another user than the credentials do. */
    memset(&address.sun_path[1], 0, sizeof address.sun_path - 1);
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                         (size_t)snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "ntfence-kmt-0-%08lx",
                                          (unsigned long)liar.number));
    if (bind(liar.bound, (struct sockaddr *)&address, length))
        return 5;
    liar.page = raw_page(NTF_SYNC_SHARED, RAW_SEALS);
    ntf_parent_send("%" PRIu32, liar.number);
    for (;;) { /* the asker's own user is the right one to him, so he is let in by hand */
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(4 * sizeof(int))];
        } control;
        struct raw_packet asked;
        struct iovec part = { &asked, sizeof asked };
        struct msghdr message = { NULL, 0, &part, 1, control.bytes, sizeof control.bytes, 0 };
        if (recvmsg(liar.bound, &message, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&message)) {
            memcpy(&pair[0], CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof pair[0]);
            answer_falsely(&liar, pair[0]);
            break;
        }
    }
    return ntf_parent_receive(line) ? 6 : 0;
}

static void other_users(void **state)
{
    D3DKMT_HANDLE number;
    const struct rig_fence fence = rig_global(0, &number);
    struct ntf_child *child;
    char text[16], line[NTF_LINE_MAX];

    (void)state;
    if (geteuid() != 0)
        skip();
    (void)snprintf(text, sizeof text, "%" PRIu32, number);
    child = ntf_child_start("other user", text, NULL);
    ntf_child_expect(child, "no answer");
    assert_true(ntf_child_receive(child, line));
    raw_refused("another user's answer", (D3DKMT_HANDLE)strtoul(line, NULL, 10));
    assert_int_equal(ntf_child_wait(child), 0);
    raw_found(number);
    rig_destroy(fence.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_holders), cmocka_unit_test(lying_holders), cmocka_unit_test(two_numbers),
        cmocka_unit_test(dying_holders),  cmocka_unit_test(no_nt_handle),  cmocka_unit_test(other_users),
    };

    rig_load();
    if (ntf_test_role(argc, argv))
        return other_user();
    return ntf_test_run("soft-globals-strangers", tests, NTF_COUNT(tests), raw_begin, NULL);
}
