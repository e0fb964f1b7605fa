/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux: the socket of a global handle is in the hands of everybody who has the object, and anybody may write to it.
 * Who spoils it for one number spoils nothing else: no thread waits for it or spins over it, and the others serve on.
 */
#include "globals_raw_posix.h"

#include "base/deadline.h"
#include "kmt/soft/os/posix/number_wire.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The socket that everybody has. */
static int shared_socket(D3DKMT_HANDLE number)
{
    int memory = -1, bound = -1;

    assert_int_equal(soft_number_ask(number, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory, &bound), NTF_OK);
    assert_int_equal(close(memory), 0);
    return bound;
}

static uint64_t cpu_ns(void)
{
    struct timespec used;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* Shut down it is refused, and the threads of the others do not spin over it. */
static void shut_down(void **state)
{
    D3DKMT_HANDLE other;
    const struct rig_fence good = rig_global(0, &other);
    const int stranger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct rig_fence fences[20];
    uint64_t until, used;

    (void)state;
    for (unsigned i = 0; i < NTF_COUNT(fences); i++) {
        D3DKMT_HANDLE number;
        int bound;
        fences[i] = rig_global(0, &number);
        bound = shared_socket(number);
        /* Nobody is told that the socket has been shut down: it has to happen while the thread looks at it. */
        for (unsigned k = 0; k < 8; k++)
            (void)raw_send(stranger, &number, "nonsense", 8, NULL, 0);
        assert_int_equal(shutdown(bound, SHUT_RDWR), 0);
        assert_int_equal(close(bound), 0);
        if (i == 0)
            raw_refused("shut down", number);
    }
    raw_found(other);
    used = cpu_ns();
    until = ntf_os_now_ns() + 200000000u;
    while (ntf_os_now_ns() < until)
        (void)poll(NULL, 0, 20);
    used = cpu_ns() - used;
    printf("%.1f ms of a CPU in 200 ms\n", (double)used / 1e6);
    assert_true(used < 100000000u);
    assert_int_equal(close(stranger), 0);
    for (unsigned i = 0; i < NTF_COUNT(fences); i++)
        rig_destroy(fences[i].handle);
    rig_destroy(good.handle);
}

struct thief {
    struct ntf_thread *thread;
    int bound;
    ntf_au32 stop;
};

static void steal(void *context)
{
    struct thief *thief = context;
    char byte;

    while (!ntf_load(&thief->stop, NTF_ACQUIRE))
        (void)recv(thief->bound, &byte, 1, MSG_DONTWAIT);
}

/* The socket blocks, and what it had is read away: whoever would wait for the next could not serve the others. */
static void stolen(void **state)
{
    D3DKMT_HANDLE number, other;
    const struct rig_fence fence = rig_global(0, &number), good = rig_global(0, &other);
    const int stranger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct thief thief = { .bound = shared_socket(number) };

    (void)state;
    assert_int_equal(fcntl(thief.bound, F_SETFL, 0), 0);
    ntf_init(&thief.stop, 0u);
    assert_int_equal(ntf_thread_start(&thief.thread, "thief", steal, &thief), NTF_OK);
    for (unsigned i = 0; i < 4000; i++) {
        (void)raw_send(stranger, &number, "nonsense", 8, NULL, 0);
        if (i % 4 == 0)
            raw_found(other);
    }
    ntf_store(&thief.stop, 1u, NTF_RELEASE);
    ntf_thread_join(thief.thread);
    assert_int_equal(close(thief.bound), 0);
    assert_int_equal(close(stranger), 0);
    raw_found(other);
    rig_destroy(fence.handle);
    rig_destroy(good.handle);
}

/* Made to block, or without credentials; then to a peer of his own. The first serves on, the others are refused, and
 * the object goes its way. */
static void options(void **state)
{
    D3DKMT_HANDLE number, other;
    const struct rig_fence fence = rig_global(0, &number), good = rig_global(0, &other);
    const int bound = shared_socket(number), no = 0;
    struct sockaddr_un address;
    const socklen_t length = soft_number_address(other, &address);

    (void)state;
    assert_int_equal(fcntl(bound, F_SETFL, 0), 0);
    for (int i = 0; i < 50; i++)
        raw_found(number);
    assert_int_equal(setsockopt(bound, SOL_SOCKET, SO_PASSCRED, &no, sizeof no), 0);
    raw_refused("without credentials", number);
    assert_int_equal(connect(bound, (struct sockaddr *)&address, length), 0);
    raw_refused("with a peer", number);
    raw_found(other);
    assert_int_equal(close(bound), 0);
    rig_destroy(fence.handle);
    rig_destroy(good.handle);
    raw_refused("gone", number);
}

/* ---- askers ---- */

/* Nonsense, with descriptors of all kinds beside it, keeps nobody from his answer and is let go. */
static void strange_askers(void **state)
{
    D3DKMT_HANDLE number;
    const struct rig_fence fence = rig_global(0, &number);
    const struct raw_packet good = { RAW_MAGIC, 1, number };
    const struct raw_packet bad[] = { { RAW_MAGIC, 2, number }, { RAW_MAGIC, 1, number + 64 } };
    const int asker = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const size_t before = ntf_test_open_handles();
    int fds[RAW_FDS], pair[2];

    (void)state;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    for (unsigned i = 0; i < RAW_FDS; i++)
        fds[i] = pair[i % 2];
    for (unsigned round = 0; round < 40; round++) {
        (void)raw_send(asker, &number, "", 0, NULL, 0);
        (void)raw_send(asker, &number, "nonsense", 8, fds, 2);
        (void)raw_send(asker, &number, &bad[round % 2], sizeof bad[0], fds, 1);
        (void)raw_send(asker, &number, &good, sizeof good, NULL, 0); /* nowhere to reply to */
        (void)raw_send(asker, &number, &good, sizeof good, fds, 1);  /* a pipe to reply to */
        (void)raw_send(asker, &number, &good, sizeof good, &asker, 1);
        (void)raw_send(asker, &number, &good, sizeof good, fds, round % 2 ? RAW_FDS : 3);
        raw_found(number);
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
    ntf_test_until_handles(before);
    (void)close(asker);
    rig_destroy(fence.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shut_down),
        cmocka_unit_test(stolen),
        cmocka_unit_test(options),
        cmocka_unit_test(strange_askers),
    };

    (void)argc;
    (void)argv;
    rig_load();
    return ntf_test_run("soft-globals-spoilt", tests, NTF_COUNT(tests), raw_begin, NULL);
}
