// SPDX-License-Identifier: Apache-2.0
// Objects behind descriptors: sharing, opening, other processes, and what is left behind.
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "kmt/ntstatus.h"
#include "support.h"

#define SECOND_NS 1000000000ull
#define POISON ((struct ntf_object *)(uintptr_t)0x5A5A5A50u)

static struct dxcore_control *control;
static struct ntf_kmt *kmt;

static int begin(void **state)
{
    (void)state;
    control = dxcore_fresh();
    kmt = dxcore_kmt();
    return 0;
}

static int end(void **state)
{
    (void)state;
    ntf_kmt_close(kmt);
    assert_int_equal(control->objects(), 0);
    return 0;
}

static void close_object(struct ntf_object *object)
{
    object->ops->close(object);
}

static enum ntf_result share(struct ntf_object *object, ntf_object_attributes *attributes, uint32_t access, int *fd,
                             ntf_status *status)
{
    ntf_handle handle = NULL;
    const enum ntf_result result = object->ops->share(object, attributes, access, &handle, status);

    *fd = handle ? (int)(intptr_t)handle : -1;
    return result;
}

// As many as before. What a thread of the layer's has in its hands for a moment goes by itself; the watchdog ends the
// rest.
static void await_handles(size_t count)
{
    while (ntf_test_open_handles() != count)
        (void)sched_yield();
}

// ---- Sharing ----

static void one_value_behind_both(void **state)
{
    struct ntf_object *made, *opened;
    struct ntf_trace trace;
    int fd;

    (void)state;
    made = dxcore_object(kmt, 7, &fd);
    assert_int_equal(ntf_kmt_open_handle(kmt, (ntf_handle)(intptr_t)fd, &opened, &trace), NTF_OK);
    assert_string_equal(trace.steps[trace.count - 1].step, "monitored open 0x483");
    assert_int_equal(trace.steps[trace.count - 1].status, NTF_STATUS_SUCCESS);
    assert_int_equal(opened->rung, NTF_RUNG_MONITORED);
    assert_int_equal(ntf_object_value(opened), 7);
    assert_int_equal(made->ops->signal(made, 8, NULL), NTF_OK);
    assert_int_equal(ntf_object_value(opened), 8);
    assert_int_equal(opened->ops->signal(opened, 9, NULL), NTF_OK);
    assert_int_equal(ntf_object_value(made), 9);
    // The descriptor holds the object, and the object needs no descriptor of the caller's.
    close_object(made);
    assert_int_equal(opened->ops->signal(opened, 10, NULL), NTF_OK);
    (void)close(fd);
    assert_int_equal(wait_for(opened, 10, 0, NULL), NTF_OK);
    close_object(opened);
}

// Flags go to the host as they are: one that does not know bit 10 takes the next way.
static void an_older_host(void **state)
{
    struct ntf_object *made, *opened;
    struct ntf_trace trace;
    int fd;

    (void)state;
    control->plain_host = true;
    made = dxcore_object(kmt, 7, &fd);
    assert_int_equal(ntf_kmt_open_handle(kmt, (ntf_handle)(intptr_t)fd, &opened, &trace), NTF_OK);
    assert_string_equal(trace.steps[trace.count - 2].step, "monitored open 0x483");
    assert_int_equal(trace.steps[trace.count - 2].status, NTF_STATUS_INVALID_PARAMETER);
    assert_string_equal(trace.steps[trace.count - 1].step, "monitored open 0x80");
    (void)close(fd);
    close_object(opened);
    close_object(made);
    (void)dxcore_fresh();
}

// A process without standard streams: the kernel gives out 0, which is no handle.
static void no_standard_streams(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    int kept[3], fd;
    size_t before;

    (void)state;
    for (int i = 0; i < 3; i++)
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; i++)
        (void)close(i);
    before = ntf_test_open_handles();
    for (int i = 0; i < 3; i++) {
        const bool shared = share(object, NULL, NTF_ACCESS_ALL, &fd, NULL) == NTF_OK;
        const bool free_still = fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1;
        const bool high = fd >= 3;
        const size_t more = ntf_test_open_handles() - before;

        (void)close(fd);
        if (!shared || !free_still || !high || more != 1) {
            for (int k = 0; k < 3; k++)
                (void)dup2(kept[k], k);
            fail_msg("shared %d, free %d, number %d, %u more", shared, free_still, fd, (unsigned)more);
        }
    }
    for (int i = 0; i < 3; i++) {
        (void)dup2(kept[i], i);
        (void)close(kept[i]);
    }
    close_object(object);
}

// The driver ignores attributes; inheritance is ours to give.
static void inheritance(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    int fd;

    (void)state;
    assert_int_equal(share(object, &attributes, NTF_ACCESS_ALL, &fd, NULL), NTF_OK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    (void)close(fd);
    attributes.Attributes = NTF_OBJ_INHERIT;
    assert_int_equal(share(object, &attributes, NTF_ACCESS_ALL, &fd, NULL), NTF_OK);
    assert_int_equal(fcntl(fd, F_GETFD), 0);
    (void)close(fd);
    close_object(object);
}

// A name would be lost: refused before the driver is asked.
static void names_are_refused(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    char16_t path[] = u"\\BaseNamedObjects\\ntfence-test-wsl";
    ntf_unicode_string string = {sizeof path - 2, sizeof path, path};
    ntf_object_attributes attributes = {.Length = sizeof attributes, .ObjectName = &string};
    const uint32_t shares = ntf_load(&control->shares, NTF_RELAXED);
    ntf_status status = NTF_STATUS_SUCCESS;
    int fd;

    (void)state;
    assert_int_equal(share(object, &attributes, NTF_ACCESS_ALL, &fd, &status), NTF_E_UNSUPPORTED);
    assert_int_equal(status, NTF_STATUS_NOT_SUPPORTED);
    assert_int_equal(fd, -1);
    assert_int_equal(ntf_load(&control->shares, NTF_RELAXED), shares);
    close_object(object);
}

// The mask is passed on, and none is refused, as Windows does: the driver looks at neither.
static void access_masks(void **state)
{
    static const uint32_t masks[] = {D3DDDI_SYNC_OBJECT_WAIT, D3DDDI_SYNC_OBJECT_SIGNAL, NTF_ACCESS_ALL};
    struct ntf_object *object = dxcore_object(kmt, 0, NULL), *opened;
    ntf_status status;
    int fd;

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(masks); i++) {
        assert_int_equal(share(object, NULL, masks[i], &fd, &status), NTF_OK);
        assert_int_equal(control->last_access, masks[i]);
        assert_false(control->attributes_given);
        opened = dxcore_open(kmt, fd);
        assert_int_equal(opened->ops->signal(opened, i + 1, NULL), NTF_OK); // whatever the mask
        close_object(opened);
        (void)close(fd);
    }
    assert_int_equal(share(object, NULL, 0, &fd, &status), NTF_E_ACCESS_DENIED);
    assert_int_equal(status, NTF_STATUS_ACCESS_DENIED);
    close_object(object);
}

// 0 is a descriptor, so what was there before the call says whether it wrote one.
static void success_without_a_handle(void **state)
{
    struct ntf_object *object = dxcore_object(kmt, 0, NULL);
    ntf_status status = NTF_STATUS_SUCCESS;
    int fd;

    (void)state;
    control->no_handle = true;
    assert_int_equal(share(object, NULL, NTF_ACCESS_ALL, &fd, &status), NTF_E_FAILED);
    assert_int_equal(status, NTF_STATUS_UNSUCCESSFUL);
    assert_int_equal(fd, -1);
    control->no_handle = false;
    close_object(object);
}

// Descriptors of something else: each is refused by its kind, and stays open.
static void strangers(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[1]);
    {
        const struct {
            int fd;
            const char *kind;
        } rows[] = {
            {eventfd(0, EFD_CLOEXEC), "eventfd"},
            {ends[0], "pipe"},
            {open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "file"},
            {memfd_create("stranger", MFD_CLOEXEC), "memfd"},
        };

        for (size_t i = 0; i < NTF_COUNT(rows); i++) {
            const size_t before = ntf_test_open_handles();
            struct ntf_object *object = POISON;
            struct ntf_trace trace;

            assert_int_equal(ntf_kmt_open_handle(kmt, (ntf_handle)(intptr_t)rows[i].fd, &object, &trace),
                             NTF_E_WRONG_OBJECT);
            assert_ptr_equal(object, POISON);
            assert_string_equal(trace.steps[0].detail, rows[i].kind);
            // "Not with these flags" is all that the driver has to say, four times.
            assert_non_null(strstr(trace_text(&trace), "monitored open 0x483 C000000D | monitored open 0x80 C000000D | "
                                                       "monitored open 0x3 C000000D | monitored open 0 C000000D"));
            await_handles(before);
            (void)close(rows[i].fd);
            assert_int_equal(ntf_kmt_open_handle(kmt, (ntf_handle)(intptr_t)rows[i].fd, &object, &trace),
                             NTF_E_BAD_HANDLE);
        }
    }
}

// ---- Left behind ----

static void a_thousand_imports(void **state)
{
    enum { MANY = 1000 };
    static struct ntf_object *opened[MANY];
    struct ntf_object *made;
    size_t before;
    int fd;

    (void)state;
    made = dxcore_object(kmt, 1, &fd);
    assert_int_equal(wait_for(made, 2, ntf_os_now_ns() + 1000000, NULL), NTF_TIMEOUT); // the pool has its event
    before = ntf_test_open_handles();
    for (int i = 0; i < MANY; i++) {
        struct ntf_object *object = dxcore_open(kmt, fd);

        assert_int_equal(wait_for(object, 2 + (uint64_t)i, 0, NULL), NTF_TIMEOUT);
        close_object(object);
    }
    assert_int_equal(ntf_test_open_handles(), before);
    for (int i = 0; i < 300; i++)
        opened[i] = dxcore_open(kmt, fd);
    for (int i = 0; i < 300; i++)
        close_object(opened[i]);
    assert_int_equal(ntf_test_open_handles(), before);
    assert_int_equal(control->objects(), 1);
    for (int i = 0; i < MANY; i++) {
        int copy;

        assert_int_equal(share(made, NULL, NTF_ACCESS_ALL, &copy, NULL), NTF_OK);
        (void)close(copy);
    }
    assert_int_equal(ntf_test_open_handles(), before);
    (void)close(fd);
    close_object(made);
}

// ---- Other processes ----

// Opens what it is given, waits for 5, signals 6; ends when it sees 7.
static int opener(void)
{
    char line[NTF_LINE_MAX];
    struct ntf_object *object;

    (void)dxcore_fresh();
    kmt = dxcore_kmt();
    ntf_parent_send("ready");
    if (!ntf_parent_receive(line))
        return 2;
    object = dxcore_open(kmt, atoi(line));
    ntf_parent_send("opened at %u", (unsigned)ntf_object_value(object));
    if (wait_for(object, 5, NTF_FOREVER, NULL) != NTF_OK)
        return 3;
    if (object->ops->signal(object, 6, NULL) != NTF_OK || wait_for(object, 7, NTF_FOREVER, NULL) != NTF_OK)
        return 4;
    object->ops->close(object);
    ntf_kmt_close(kmt);
    return 0;
}

static void between_processes(void **state)
{
    struct ntf_child *child = ntf_child_start("opener", NULL);
    struct ntf_object *object;
    uint64_t there;
    int fd;

    (void)state;
    object = dxcore_object(kmt, 4, &fd);
    ntf_child_expect(child, "ready");
    there = ntf_child_give_handle(child, (uint64_t)fd);
    (void)close(fd);
    ntf_child_send(child, "%u", (unsigned)there);
    ntf_child_expect(child, "opened at 4");
    assert_int_equal(object->ops->signal(object, 5, NULL), NTF_OK);
    assert_int_equal(wait_for(object, 6, NTF_FOREVER, NULL), NTF_OK);
    assert_int_equal(object->ops->signal(object, 7, NULL), NTF_OK);
    assert_int_equal(ntf_child_wait(child), 0);
    close_object(object);
}

// Names what it has got beside its standard streams: events, objects.
static int heir(void)
{
    for (int fd = 3; fd < 256; fd++) {
        char path[32], link[64] = "";

        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, link, sizeof link - 1) > 0 && (strstr(link, "eventfd") || strstr(link, "dxgsyncobj")))
            ntf_parent_send("%s", link);
    }
    ntf_parent_send("no more");
    return 0;
}

// What exec starts has no descriptor of ours, the pool's included.
static void exec_passes_nothing_on(void **state)
{
    struct ntf_object *object;
    struct ntf_child *child;
    int fd;

    (void)state;
    object = dxcore_object(kmt, 0, &fd);
    assert_int_equal(wait_for(object, 1, ntf_os_now_ns() + 1000000, NULL), NTF_TIMEOUT); // an event is pending
    child = ntf_child_start("heir", NULL);
    ntf_child_expect(child, "no more");
    assert_int_equal(ntf_child_wait(child), 0);
    (void)close(fd);
    close_object(object);
}

// What came by fork is refused by the driver: calls fail, waits end at their deadline, nothing hangs.
static int forked(struct ntf_object *object)
{
    const uint64_t deadline_ns = ntf_os_now_ns() + 50000000;
    ntf_status status = NTF_STATUS_SUCCESS;
    int fd;

    if (object->ops->signal(object, 1, &status) != NTF_E_FAILED || status != NTF_STATUS_UNSUCCESSFUL)
        return 2;
    if (share(object, NULL, NTF_ACCESS_ALL, &fd, &status) != NTF_E_FAILED || status != NTF_STATUS_UNSUCCESSFUL)
        return 3;
    if (wait_for(object, 1, deadline_ns, NULL) != NTF_TIMEOUT || ntf_os_now_ns() < deadline_ns)
        return 4;
    return ntf_load(&control->calls_of_strangers, NTF_RELAXED) ? 0 : 5;
}

static void fork_without_exec(void **state)
{
    struct ntf_object *object;
    int status;
    pid_t pid;

    (void)state;
    object = dxcore_object(kmt, 0, NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(forked(object));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    // The parent is as it was.
    assert_int_equal(object->ops->signal(object, 1, NULL), NTF_OK);
    assert_int_equal(wait_for(object, 1, 0, NULL), NTF_OK);
    close_object(object);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_value_behind_both),    cmocka_unit_test(an_older_host),
        cmocka_unit_test(no_standard_streams),      cmocka_unit_test(inheritance),
        cmocka_unit_test(names_are_refused),        cmocka_unit_test(access_masks),
        cmocka_unit_test(success_without_a_handle), cmocka_unit_test(strangers),
        cmocka_unit_test(a_thousand_imports),       cmocka_unit_test(between_processes),
        cmocka_unit_test(exec_passes_nothing_on),   cmocka_unit_test(fork_without_exec),
    };
    const char *role = ntf_test_role(argc, argv);

    if (role && strcmp(role, "opener") == 0)
        return opener();
    if (role && strcmp(role, "heir") == 0)
        return heir();
    return ntf_test_run("wsl-objects", tests, NTF_COUNT(tests), begin, end);
}
