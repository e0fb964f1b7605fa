/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stand-alone soft library in the place of a kernel: reached by thunks and events only, like
 * gdi32.dll. What a real kernel does between a signal and a wake is done here by another copy of soft.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "producer.h"
#include "support.h"

enum { ROUNDS = 10000 };

static const char *library_path(void)
{
    return rig_library("../../layer/kmt/soft", "ntfence-d3dkmt");
}

static struct ntf_kmt *open_with(const char *rungs)
{
    const struct ntf_kmt_config config = {
        .provider = "system", .d3dkmt = library_path(), .rungs = rungs
    };
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = NULL;
    const enum ntf_result result = ntf_kmt_open(&config, &kmt, verdicts);

    if (result != NTF_OK) {
        struct ntf_text text;

        ntf_text_init(&text);
        ntf_kmt_describe_verdicts(verdicts, &text);
        (void)fprintf(stderr, "%s\n", text.bytes);
    }
    assert_int_equal(result, NTF_OK);
    assert_int_equal(ntf_kmt_provider(kmt), NTF_PROVIDER_LIBRARY);
    return kmt;
}

static struct {
    struct ntf_kmt *kmt;
    struct producer producer;
    struct ntf_object *object;
} at;

/* A name that no other run has. */
static const char16_t *own_name(void)
{
    static char16_t name[64];
    char text[64];
    uint64_t number = 0;
    size_t i = 0;

    (void)ntf_os_random(&number, sizeof number);
    (void)snprintf(text, sizeof text, "ntfence-test-%08lx%08lx", (unsigned long)(number >> 32),
                   (unsigned long)(number & 0xFFFFFFFFu));
    for (; text[i]; i++)
        name[i] = (char16_t)text[i];
    name[i] = 0;
    return name;
}

static const char *narrow(const char16_t *name)
{
    static char text[64];
    size_t i = 0;

    for (; name[i]; i++)
        text[i] = (char)name[i];
    text[i] = '\0';
    return text;
}

static const char16_t *shared_name;

static int begin(void **state)
{
    struct ntf_trace trace;

    (void)state;
    at.kmt = open_with("monitored,native");
    producer_begin(&at.producer, library_path());
    producer_make(&at.producer, false, NTF_SYNC_NO_GPU_ACCESS, 0);
    shared_name = own_name();
    producer_share(&at.producer, shared_name);
    assert_int_equal(ntf_kmt_open_handle(at.kmt, at.producer.nt, &at.object, &trace), NTF_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    at.object->ops->close(at.object);
    producer_end(&at.producer);
    ntf_kmt_close(at.kmt);
    return 0;
}

static enum ntf_result wait_for(uint64_t target, uint64_t timeout_ns)
{
    struct ntf_parker parker;
    struct ntf_watch watch;
    uint32_t index;
    enum ntf_result result;

    ntf_object_watch(at.object, target, &watch);
    ntf_parker_begin(&parker, NULL);
    result = ntf_watch_any(&watch, 1, ntf_os_now_ns() + timeout_ns, &parker, &index);
    ntf_parker_end(&parker);
    return result;
}

/* Flags as Direct3D makes fences and as others do; native when the verdict allows and when it has to. */
static void imports(void **state)
{
    static const struct {
        const char *rungs;
        bool native;
        uint32_t flags;
        enum ntf_rung rung;
        const char *step;
    } rows[] = {
        { "monitored", false, NTF_SYNC_NO_GPU_ACCESS, NTF_RUNG_MONITORED, "monitored open 0x483" },
        { "monitored", false, 0, NTF_RUNG_MONITORED, "monitored open 0x3" },
        { "native,monitored", true, 0, NTF_RUNG_NATIVE, "native open" },
        { "soft,native,monitored", false, 0, NTF_RUNG_SOFT, "soft: class" },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct ntf_kmt *kmt = open_with(rows[i].rungs);
        struct ntf_object *object = NULL;
        struct producer producer;
        struct ntf_trace trace;
        ntf_status status = 0x5A5A;

        producer_begin(&producer, library_path());
        producer_make(&producer, rows[i].native, rows[i].flags, 3);
        producer_share(&producer, NULL);
        assert_int_equal(ntf_kmt_open_handle(kmt, producer.nt, &object, &trace), NTF_OK);
        assert_int_equal(object->rung, rows[i].rung);
        assert_string_equal(trace.steps[trace.count - 1].step, rows[i].step);
        assert_true(ntf_object_value(object) == 3);
        assert_int_equal(object->ops->signal(object, 5, &status), NTF_OK);
        assert_int_equal(status, NTF_STATUS_SUCCESS);
        assert_int_equal(producer_signal(&producer, 4), NTF_STATUS_INVALID_PARAMETER);
        producer_destroy(&producer); /* the import lives on */
        assert_int_equal(object->ops->signal(object, 6, &status), NTF_OK);
        assert_true(ntf_object_value(object) == 6);
        object->ops->close(object);
        producer_end(&producer);
        ntf_kmt_close(kmt);
    }
}

/* The library's own name service finds it; the temporary handle is gone. */
static void imports_by_name(void **state)
{
    struct ntf_object *object = NULL;
    struct ntf_trace trace;
    size_t handles = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ntf_kmt_open_name(at.kmt, shared_name, &object, &trace), NTF_OK);
        assert_string_equal(trace.steps[0].step, "name lookup: kernel");
        assert_int_equal(object->rung, NTF_RUNG_MONITORED);
        object->ops->close(object);
        if (i == 0)
            handles = ntf_test_open_handles();
    }
    /* One or two more or less: the server of the name, a thread of ours here, hangs up in its own time. */
    assert_in_range(ntf_test_open_handles(), handles - 2, handles + 2);
    object = NULL;
    assert_int_equal(ntf_kmt_open_name(at.kmt, u"ntfence-test-nobody", &object, &trace),
                     NTF_E_NOT_FOUND);
    assert_string_equal(trace_text(&trace), "name lookup: kernel C0000034");
}

static void strangers_are_refused(void **state)
{
    struct rig_stranger strangers[RIG_STRANGERS];
    struct ntf_object *object = NULL;
    struct ntf_trace trace;

    (void)state;
    rig_strangers_open(strangers);
    for (int i = 0; i < RIG_STRANGERS; i++) {
        assert_int_equal(ntf_kmt_open_handle(at.kmt, strangers[i].handle, &object, &trace),
                         NTF_E_WRONG_OBJECT);
        assert_null(object);
        assert_int_equal(trace.count, 2); /* a type mismatch is final */
        assert_int_equal(trace.steps[1].status, NTF_STATUS_OBJECT_TYPE_MISMATCH);
        rig_handle_close(strangers[i].handle);
    }
}

struct signaller {
    ntf_au64 asked; /* the value wanted next; UINT64_MAX ends it */
};

static void signal_on_demand(void *argument)
{
    struct signaller *signaller = argument;
    uint64_t done = 0, asked;

    for (;;) {
        asked = ntf_load(&signaller->asked, NTF_ACQUIRE);
        if (asked == UINT64_MAX)
            return;
        if (asked != done) {
            if (producer_signal(&at.producer, asked) != NTF_STATUS_SUCCESS)
                abort();
            done = asked;
        }
    }
}

/* 10,000 times another thread signals while we go to sleep. A lost wake would show as a safety period. */
static void woken_by_a_thread(void **state)
{
    struct signaller signaller;
    struct ntf_thread *thread;
    unsigned slow = 0;

    (void)state;
    ntf_init(&signaller.asked, (uint64_t)0);
    assert_int_equal(ntf_thread_start(&thread, "signaller", signal_on_demand, &signaller), NTF_OK);
    for (uint64_t value = 1; value <= ROUNDS; value++) {
        const uint64_t begin_ns = ntf_os_now_ns();

        ntf_store(&signaller.asked, value, NTF_RELEASE);
        assert_int_equal(wait_for(value, 20000000000ull), NTF_OK);
        assert_true(ntf_object_value(at.object) == value);
        slow += ntf_os_now_ns() - begin_ns > NTF_SAFETY_NS * 9 / 10;
    }
    ntf_store(&signaller.asked, UINT64_MAX, NTF_RELEASE);
    ntf_thread_join(thread);
    assert_in_range(slow, 0, NTF_TEST_STALLS);
}

/* 10,000 waits that give up, and then one that is served: nothing has piled up on the way. */
static void rearmed(void **state)
{
    size_t handles, threads;

    (void)state;
    assert_int_equal(wait_for(1, 1000000), NTF_TIMEOUT);
    handles = ntf_test_open_handles();
    threads = ntf_test_threads();
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(wait_for(1 + (uint64_t)i % 3, 1000), NTF_TIMEOUT);
    assert_in_range(ntf_test_open_handles(), 0, handles + 32);
    assert_in_range(ntf_test_threads(), 1, threads);
    assert_int_equal(producer_signal(&at.producer, 3), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(3, 0), NTF_OK);
}

struct either {
    struct producer *producers[2];
    ntf_au64 asked;
};

/* Odd values are signalled on the one, even ones on the other. */
static void signal_either(void *argument)
{
    struct either *either = argument;
    uint64_t done = 0, asked;

    while ((asked = ntf_load(&either->asked, NTF_ACQUIRE)) != UINT64_MAX) {
        if (asked != done && producer_signal(either->producers[asked & 1], asked) != NTF_STATUS_SUCCESS)
            abort();
        done = asked;
    }
}

/* Two objects, one event: whichever is signalled wakes, and the other's registration stays. */
static void woken_by_either(void **state)
{
    struct producer other;
    struct either either = { .producers = { &other, &at.producer } };
    struct ntf_object *objects[2] = { NULL, at.object };
    struct ntf_trace trace;
    struct ntf_thread *thread;
    unsigned slow = 0;

    (void)state;
    producer_begin(&other, library_path());
    producer_make(&other, false, 0, 0);
    producer_share(&other, NULL);
    assert_int_equal(ntf_kmt_open_handle(at.kmt, other.nt, &objects[0], &trace), NTF_OK);
    ntf_init(&either.asked, (uint64_t)0);
    assert_int_equal(ntf_thread_start(&thread, "either", signal_either, &either), NTF_OK);
    for (uint64_t value = 1; value <= 2000; value++) {
        const uint64_t begin_ns = ntf_os_now_ns();
        struct ntf_watch watches[2];
        struct ntf_parker parker;
        uint32_t index = 7;

        for (int i = 0; i < 2; i++)
            ntf_object_watch(objects[i], value, &watches[i]);
        ntf_parker_begin(&parker, NULL);
        ntf_store(&either.asked, value, NTF_RELEASE);
        assert_int_equal(ntf_watch_any(watches, 2, NTF_FOREVER, &parker, &index), NTF_OK);
        assert_int_equal(index, value & 1);
        ntf_parker_end(&parker);
        slow += ntf_os_now_ns() - begin_ns > NTF_SAFETY_NS * 9 / 10;
    }
    ntf_store(&either.asked, UINT64_MAX, NTF_RELEASE);
    ntf_thread_join(thread);
    assert_in_range(slow, 0, NTF_TEST_STALLS);
    objects[0]->ops->close(objects[0]);
    producer_end(&other);
}

/* The child: opens by name, then signals what it is told to. */
static int child(const char *role)
{
    struct producer producer;
    char line[NTF_LINE_MAX];
    char16_t name[64];
    const char *text = ntf_test_role_arg(0);
    size_t i = 0;

    if (strcmp(role, "signaller") != 0 || !text)
        return 2;
    for (; text[i] && i < NTF_COUNT(name) - 1; i++)
        name[i] = (char16_t)text[i];
    name[i] = 0;
    producer_begin(&producer, library_path());
    producer_open(&producer, name, NTF_SYNC_NO_GPU_ACCESS);
    ntf_parent_send("ready");
    while (ntf_parent_receive(line)) {
        if (producer_signal(&producer, strtoull(line, NULL, 10)) != NTF_STATUS_SUCCESS)
            return 3;
    }
    producer_end(&producer);
    return 0;
}

static void woken_by_a_process(void **state)
{
    struct ntf_child *signaller = ntf_child_start("signaller", narrow(shared_name), NULL);
    unsigned slow = 0;

    (void)state;
    ntf_child_expect(signaller, "ready");
    for (unsigned value = 1; value <= 1000; value++) {
        const uint64_t begin_ns = ntf_os_now_ns();

        ntf_child_send(signaller, "%u", value);
        assert_int_equal(wait_for(value, 20000000000ull), NTF_OK);
        assert_true(ntf_object_value(at.object) == value);
        slow += ntf_os_now_ns() - begin_ns > NTF_SAFETY_NS * 9 / 10;
    }
    assert_int_equal(ntf_child_wait(signaller), 0);
    assert_in_range(slow, 0, NTF_TEST_STALLS);
}

/* A signaller that is killed takes nothing with it. */
static void woken_after_a_death(void **state)
{
    struct ntf_child *signaller = ntf_child_start("signaller", narrow(shared_name), NULL);

    (void)state;
    ntf_child_expect(signaller, "ready");
    ntf_child_send(signaller, "1");
    assert_int_equal(wait_for(1, 20000000000ull), NTF_OK);
    ntf_child_kill(signaller);
    (void)ntf_child_wait(signaller);
    assert_int_equal(wait_for(2, 1000000), NTF_TIMEOUT);
    assert_int_equal(producer_signal(&at.producer, 2), NTF_STATUS_SUCCESS);
    assert_int_equal(wait_for(2, 20000000000ull), NTF_OK);
}

int main(int argc, char **argv)
{
    const char *role = ntf_test_role(argc, argv);
#define WITH_FENCE(test) cmocka_unit_test_setup_teardown(test, begin, end)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports),          WITH_FENCE(imports_by_name),
        WITH_FENCE(strangers_are_refused),  WITH_FENCE(woken_by_a_thread),
        WITH_FENCE(rearmed),                WITH_FENCE(woken_by_either),
        WITH_FENCE(woken_by_a_process),     WITH_FENCE(woken_after_a_death),
    };

    if (role)
        return child(role);
    return ntf_test_run("kmt-library", tests, NTF_COUNT(tests), NULL, NULL);
}
