/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Systems as they are or have been, played by the fake: what the self-test makes of each, and what then becomes of an
 * import; and the traps of waiting that a kernel lays.
 */
#include <string.h>

#include "opened.h"

static ntf_handle live;

#define NOT_IMPLEMENTED                                                                                                \
    {                                                                                                                  \
        .status = NTF_STATUS_NOT_IMPLEMENTED                                                                           \
    }

/* ---- self-test and import ---- */

static const struct system {
    const char *name;
    struct fake_control does;
    bool usable;
    enum ntf_proof refused;
    bool native, wide, mutexes;
    const char *native_note;
    const char *order; /* of an import; the fence was made by Direct3D: it opens with NoGPUAccess */
} systems[] = {
    /* Windows 11 22621: native fences by the older way of asking only, and in another layout. */
    {"22621",
     {.generation = FAKE_22621, .feature_status = NTF_STATUS_INVALID_PARAMETER},
     true,
     NTF_PROOF_COUNT,
     false,
     true,
     true,
     "feature 37",
     "01"},
    {"24h2", {.generation = FAKE_24H2, .feature_value = 15}, true, NTF_PROOF_COUNT, true, true, true, "", "n"},
    {"current", {.feature_value = 15}, true, NTF_PROOF_COUNT, true, true, true, "", "n"},
    {"current, off", {.feature_value = 14}, true, NTF_PROOF_COUNT, false, true, true, "feature 37", "01"},
    {"current, caps say no",
     {.feature_value = 15, .no_caps = true},
     true,
     NTF_PROOF_COUNT,
     false,
     true,
     true,
     "caps of type 80",
     "01"},
    {"current, no caps",
     {.feature_value = 15, .caps_status = NTF_STATUS_INVALID_PARAMETER},
     true,
     NTF_PROOF_COUNT,
     false,
     true,
     true,
     "caps of type 80",
     "01"},
    {"current, create refused",
     {.feature_value = 15, .native_create = {.status = NTF_STATUS_INVALID_PARAMETER}},
     true,
     NTF_PROOF_COUNT,
     false,
     true,
     true,
     "create",
     "01"},
    /* The names are there, and nothing behind them. */
    {"wine10", {.create = NOT_IMPLEMENTED}, false, NTF_PROOF_CREATE, false, false, false, "", ""},
    /* Objects are made, without a value; waits and signals are not there. */
    {"wine11",
     {.create = {.no_address = true},
      .wait_status = NTF_STATUS_NOT_IMPLEMENTED,
      .signal_status = NTF_STATUS_NOT_IMPLEMENTED,
      .knows_any_luid = true},
     false,
     NTF_PROOF_MAP,
     false,
     false,
     false,
     "",
     ""},
    /* A version that does not count: addresses, but no waits yet. */
    {"no waits", {.wait_status = NTF_STATUS_NOT_IMPLEMENTED}, false, NTF_PROOF_WAIT, false, false, false, "", ""},
    {"fence32", {.narrow = true}, true, NTF_PROOF_COUNT, false, false, true, "feature 37", "01"},
    /* ... on a kernel that does not know NoGPUAccess: not even our own fences would have 64 bits. */
    {"fence32, plain",
     {.narrow = true, .create_differs = true, .create = {.status = NTF_STATUS_INVALID_PARAMETER}},
     false,
     NTF_PROOF_MAP,
     false,
     false,
     false,
     "",
     ""},
    {"keyed mutexes of threads", {.thread_owns = true}, true, NTF_PROOF_COUNT, false, true, false, "feature 37", "01"},
};

static void judge(const struct system *system, const struct ntf_verdict *verdict)
{
    if (verdict->usable != system->usable || verdict->refused != system->refused || verdict->native != system->native ||
        verdict->wide != system->wide || verdict->mutexes != system->mutexes ||
        strcmp(verdict->notes[NTF_PROOF_NATIVE], system->native_note) != 0)
        fail_msg("%s: usable %d, refused at %s, native %d (%s), wide %d, mutexes %d", system->name, verdict->usable,
                 ntf_proof_name(verdict->refused), verdict->native, verdict->notes[NTF_PROOF_NATIVE], verdict->wide,
                 verdict->mutexes);
}

static void all_systems(void **state)
{
    (void)state;
    for (size_t i = 0; i < NTF_COUNT(systems); i++) {
        const struct ntf_kmt_config config = {.provider = "system", .d3dkmt = fake_path(), .rungs = ""};
        struct fake_control *fake = fake_fresh();
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *kmt = NULL;
        struct outcome outcome;

        *fake = systems[i].does;
        fake->open[0].status = NTF_STATUS_INVALID_PARAMETER;
        assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts) == NTF_OK, systems[i].usable);
        judge(&systems[i], &verdicts[NTF_PROVIDER_LIBRARY]);
        expect_none_open(fake); /* a kernel of another generation was not asked what it would misread */
        if (!systems[i].usable)
            continue;
        fake_forget_calls(fake);
        fake->bundle = NULL;
        outcome = open_handle(kmt, live, NTF_WANT_FENCE);
        expect_opened(fake, &outcome, NTF_OK, AS_OBJECT);
        assert_string_equal(fake->order, systems[i].order);
        ntf_kmt_close(kmt);
    }
}

/* A fence with a value of 32 bits is refused, one with NoGPUAccess has 64 there, too. */
static void narrow(void **state)
{
    (void)state;
    for (int right = 0; right < FAKE_OPENS; right++) {
        struct fake_control *fake = fake_fresh();
        const bool wide = right < 2; /* 0x483, 0x80 */
        struct outcome outcome;
        struct ntf_kmt *kmt;

        fake->narrow = true;
        kmt = fake_kmt("monitored");
        for (int i = 0; i < FAKE_OPENS; i++)
            fake->open[i].status = i == right ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
        outcome = open_handle(kmt, live, NTF_WANT_FENCE);
        expect_opened(fake, &outcome, wide ? NTF_OK : NTF_E_UNSUPPORTED, AS_OBJECT);
        assert_int_equal(outcome.trace.steps[right + 1].status, NTF_STATUS_SUCCESS);
        assert_string_equal(outcome.trace.steps[right + 1].detail,
                            wide ? "" : "its value may have 32 bits, which cannot be polled");
        ntf_kmt_close(kmt);
    }
}

/* Each generation writes as much of the block as it knows; the address lies at one place in all. */
static void generations(void **state)
{
    (void)state;
    for (int generation = FAKE_CURRENT; generation <= FAKE_22621; generation++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_kmt *kmt = fake_kmt("native");
        struct outcome outcome;

        fake->generation = (enum fake_generation)generation;
        outcome = open_handle(kmt, live, NTF_WANT_FENCE);
        assert_int_equal(outcome.result, NTF_OK);
        assert_ptr_equal(outcome.opened.object->value, fake->value);
        expect_opened(fake, &outcome, NTF_OK, AS_OBJECT);
        ntf_kmt_close(kmt);
    }
}

/* ---- waiting ---- */

static struct {
    struct fake_control *fake;
    struct ntf_kmt *kmt;
    struct ntf_object *object;
} at;

static int open_one(void **state)
{
    struct outcome outcome;

    (void)state;
    at.fake = fake_fresh();
    at.kmt = fake_kmt("monitored");
    outcome = open_handle(at.kmt, live, NTF_WANT_FENCE);
    assert_int_equal(outcome.result, NTF_OK);
    at.object = outcome.opened.object;
    at.fake->waits = 0;
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    at.object->ops->close(at.object);
    expect_none_open(at.fake);
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

static void write_when_waited_for(void *argument)
{
    const uint64_t *value = argument;

    while (!at.fake->waited_for())
        nap_ms(1);
    at.fake->write(*value);
}

static void woken_by(uint64_t value, uint64_t target)
{
    struct ntf_thread *thread;

    assert_int_equal(ntf_thread_start(&thread, "writer", write_when_waited_for, &value), NTF_OK);
    assert_int_equal(wait_for(target, 20000000000ull), NTF_OK);
    ntf_thread_join(thread);
}

/* All ones is what a reset, or the loss of a device, leaves; on some drivers a later signal takes it back. It reaches
 * every target, and counts for none that is waited for after it has gone. */
static void all_ones_that_go(void **state)
{
    (void)state;
    at.fake->signals = 0;
    woken_by(UINT64_MAX, 10);
    assert_int_equal(at.object->ops->signal(at.object, 11, NULL), NTF_OK); /* it is above already */
    assert_int_equal(at.fake->signals, 0);
    at.fake->write(1);
    assert_int_equal(wait_for(10, 1000000), NTF_TIMEOUT);
    woken_by(10, 10);
    at.fake->write(1);
    woken_by(UINT64_MAX, UINT64_MAX);
}

/* Before Windows 11 24H2, unless the fence was opened with the flag for it, a local handle that is destroyed anywhere
 * releases the waiters of all others: the wake is seen through, and the waiter asks again. */
static void released_by_a_destroy(void *argument)
{
    struct ntf_object *other = argument;

    while (!at.fake->waited_for())
        nap_ms(1);
    nap_ms(30); /* older than what a registration is believed without being asked for again */
    other->ops->close(other);
    while (!at.fake->waited_for())
        nap_ms(1);
    at.fake->write(10);
}

static void destroyed_elsewhere(void **state)
{
    struct outcome other = open_handle(at.kmt, live, NTF_WANT_FENCE);
    struct ntf_thread *thread;

    (void)state;
    assert_int_equal(other.result, NTF_OK);
    at.fake->unwait_on_destroy = true;
    assert_int_equal(ntf_thread_start(&thread, "closer", released_by_a_destroy, other.opened.object), NTF_OK);
    assert_int_equal(wait_for(10, 20000000000ull), NTF_OK);
    ntf_thread_join(thread);
    assert_true(ntf_object_value(at.object) == 10);
    assert_in_range(at.fake->waits, 2, 12); /* one a second more while the closer is late, and ever fewer */
}

static int open_live(void **state)
{
    (void)state;
    live = rig_event_new();
    return 0;
}

int main(int argc, char **argv)
{
#define OVER_ONE(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_systems), cmocka_unit_test(narrow),      cmocka_unit_test(generations),
        OVER_ONE(all_ones_that_go),    OVER_ONE(destroyed_elsewhere),
    };

    (void)argc;
    (void)argv;
    return ntf_test_run("kmt-systems", tests, NTF_COUNT(tests), open_live, NULL);
}
