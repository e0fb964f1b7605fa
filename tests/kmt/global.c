/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global handles through the ladder: what a kernel has to show before it is taken to serve them, and both ways to open
 * them, over a kernel that lies, over the stand-alone library in the place of one, and over soft itself.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "producer.h"
#include "support.h"

static const char *library_path(void)
{
    return rig_library("../../layer/kmt/soft", "ntfence-d3dkmt");
}

static struct ntf_kmt *open_with(const char *provider, const char *path, const char *rungs,
                                 struct ntf_verdict verdicts[NTF_PROVIDER_COUNT])
{
    const struct ntf_kmt_config config = { .provider = provider, .d3dkmt = path, .rungs = rungs };
    struct ntf_kmt *kmt = NULL;

    assert_int_equal(ntf_kmt_open(&config, &kmt, verdicts), NTF_OK);
    return kmt;
}

static struct ntf_object *made_by(struct ntf_kmt *kmt, uint64_t initial)
{
    struct ntf_object *object = NULL;
    struct ntf_trace trace;

    assert_int_equal(ntf_kmt_create_global(kmt, initial, &object, &trace), NTF_OK);
    assert_int_equal(object->global & NTF_KMT_HANDLE_KIND_MASK, NTF_KMT_HANDLE_KIND_GLOBAL);
    assert_true(ntf_object_value(object) == initial);
    return object;
}

/* Poison proves that *out is not written. */
static void expect_refused(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_result expected, const char *steps)
{
    struct ntf_object *const poison = (struct ntf_object *)(uintptr_t)0x5A5A5A50u;
    struct ntf_object *object = poison;
    struct ntf_trace trace;

    assert_int_equal(ntf_kmt_open_global(kmt, number, &object, &trace), expected);
    assert_ptr_equal(object, poison);
    assert_string_equal(trace_text(&trace), steps);
}

/* ---- the proof ---- */

/* Whatever of it is refused: the provider is used, without global handles, and nothing is left of the attempt. */
static void proof(void **state)
{
    static const struct {
        struct fake_control does;
        ntf_status status;
        const char *detail;
    } rows[] = {
        { { .global = true }, NTF_STATUS_SUCCESS, "" },
        { { .global = false }, NTF_STATUS_UNSUCCESSFUL, "success without a global handle" },
        { { .global = true, .global_create = { .status = NTF_STATUS_INVALID_PARAMETER } },
          NTF_STATUS_INVALID_PARAMETER,
          "create: monitored 0x1" },
        { { .global = true, .global_create = { .status = NTF_STATUS_NOT_SUPPORTED } },
          NTF_STATUS_NOT_SUPPORTED,
          "create: monitored 0xC1" },
        { { .global = true, .global_create = { .no_address = true } },
          NTF_STATUS_UNSUCCESSFUL,
          "success without an object or a usable address" },
        { { .global = true, .global_open = { .status = NTF_STATUS_INVALID_PARAMETER } },
          NTF_STATUS_INVALID_PARAMETER,
          "global open: kernel" },
        { { .global = true, .global_open = { .no_address = true } },
          NTF_STATUS_UNSUCCESSFUL,
          "success without a CPU address" },
        { { .global = true, .global_open = { .misaligned = true } },
          NTF_STATUS_UNSUCCESSFUL,
          "success without a CPU address" },
        { { .global = true, .global_open = { .no_object = true } },
          NTF_STATUS_UNSUCCESSFUL,
          "success without an object" },
        { { .global = true, .no_mark = true }, NTF_STATUS_UNSUCCESSFUL, "success without a CPU address" },
        { { .global = true, .other_value = true }, NTF_STATUS_UNSUCCESSFUL, "the signal does not show at both" },
        { { .global = true, .other_value = true, .wrong_initial = false, .refuse_signal = 3 },
          NTF_STATUS_ACCESS_DENIED,
          "signal" }, /* the first two are those of the fence and its waiter */
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct fake_control *fake = fake_fresh();
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        const bool serves = rows[i].status == NTF_STATUS_SUCCESS;
        struct ntf_kmt *kmt;

        *fake = rows[i].does;
        kmt = open_with("system", fake_path(), "", verdicts);
        assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].status[NTF_PROOF_GLOBAL], rows[i].status);
        assert_string_equal(verdicts[NTF_PROVIDER_LIBRARY].notes[NTF_PROOF_GLOBAL], rows[i].detail);
        assert_int_equal(verdicts[NTF_PROVIDER_LIBRARY].global, serves);
        assert_int_equal(ntf_kmt_serves_global(kmt), serves);
        assert_int_equal(fake->objects_open, 0);
        assert_int_equal(fake->dirty, 0);
        ntf_kmt_close(kmt);
        assert_int_equal(fake->devices_open, 0);
    }
}

static void nothing(void *context)
{
    (void)context;
}

/* soft needs no proof, and gets none: the thread that serves numbers, where there is one, begins with the first. The
 * first test, because later ones make numbers. */
static void proof_of_soft(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = open_with("soft", "", "", verdicts);
    struct ntf_thread *first;
    struct ntf_object *object;
    size_t threads;

    (void)state;
    /* With the first thread of a process may come one of a sanitizer's. */
    assert_int_equal(ntf_thread_start(&first, "first", nothing, NULL), NTF_OK);
    ntf_thread_join(first);
    threads = ntf_test_threads();
    assert_true(verdicts[NTF_PROVIDER_SOFT].global);
    assert_true(ntf_kmt_serves_global(kmt));
    object = made_by(kmt, 0);
    assert_int_equal(ntf_test_threads(), threads + rig_number_threads);
    object->ops->close(object);
    ntf_kmt_close(kmt);
}

/* ---- settings ---- */

static void rungs(void **state)
{
    static const struct {
        bool soft;
        const char *rungs;
        bool serves;
        const char *steps; /* of a number that nobody has */
        enum ntf_result result;
    } rows[] = {
        { true, "", true, "global open: soft C000000D no object has this global handle", NTF_E_NOT_FOUND },
        { true, "soft", true, "global open: soft C000000D no object has this global handle", NTF_E_NOT_FOUND },
        { true, "native", false, "rungs C00000BB the setting leaves none", NTF_E_UNSUPPORTED },
        { false, "", true,
          "global open: soft C000000D no object has this global handle | global open: kernel C000000D | "
          "resource query C000000D",
          NTF_E_NOT_FOUND },
        { false, "monitored", true, "global open: kernel C000000D", NTF_E_NOT_FOUND },
        { false, "soft", false, "global open: soft C000000D no object has this global handle", NTF_E_NOT_FOUND },
        { false, "native", false, "rungs C00000BB the setting leaves none", NTF_E_UNSUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *kmt = open_with(rows[i].soft ? "soft" : "system", library_path(), rows[i].rungs, verdicts);
        struct ntf_object *object = made_by(kmt, 0);
        const D3DKMT_HANDLE number = object->global;

        assert_int_equal(ntf_kmt_serves_global(kmt), rows[i].serves);
        object->ops->close(object);
        expect_refused(kmt, number, rows[i].result, rows[i].steps);
        expect_refused(kmt, number & ~NTF_KMT_HANDLE_KIND_MASK, NTF_E_BAD_HANDLE,
                       "global handle C000000D not one by its form");
        expect_refused(kmt, 0, NTF_E_BAD_HANDLE, "global handle C000000D not one by its form");
        ntf_kmt_close(kmt);
    }
}

/* ---- fences ---- */

static enum ntf_result wait_for(struct ntf_object *object, uint64_t target)
{
    struct ntf_parker parker;
    struct ntf_watch watch;
    uint32_t index;
    enum ntf_result result;

    ntf_object_watch(object, target, &watch);
    ntf_parker_begin(&parker, NULL);
    result = ntf_watch_any(&watch, 1, ntf_os_now_ns() + 20000000000ull, &parker, &index);
    ntf_parker_end(&parker);
    return result;
}

/* The child: opens what it is told to, on the kernel that it is told to, and signals and waits in turn. */
static int child(const char *role)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *kmt = open_with(role, library_path(), ntf_test_role_arg(0), verdicts);
    struct ntf_object *object = NULL;
    struct ntf_trace trace;
    char line[NTF_LINE_MAX];

    while (ntf_parent_receive(line)) {
        const D3DKMT_HANDLE number = (D3DKMT_HANDLE)strtoul(line, NULL, 10);
        if (object) {
            (void)object->ops->signal(object, number, NULL);
            ntf_parent_send("signalled");
        } else {
            ntf_parent_send("%s", ntf_result_name(ntf_kmt_open_global(kmt, number, &object, &trace)));
        }
    }
    if (object)
        object->ops->close(object);
    ntf_kmt_close(kmt);
    return 0;
}

/* Made on one, opened on the other, in this process and in another; the maker goes first. */
static void across(void **state)
{
    static const struct {
        const char *maker, *maker_rungs, *opener, *opener_rungs;
        enum ntf_rung made, opened;
    } rows[] = {
        { "soft", "", "soft", "", NTF_RUNG_SOFT, NTF_RUNG_SOFT },
        { "soft", "", "system", "monitored", NTF_RUNG_SOFT, NTF_RUNG_MONITORED },
        { "system", "monitored", "soft", "", NTF_RUNG_MONITORED, NTF_RUNG_SOFT },
        { "system", "monitored", "system", "monitored", NTF_RUNG_MONITORED, NTF_RUNG_MONITORED },
        { "system", "", "system", "", NTF_RUNG_MONITORED, NTF_RUNG_SOFT },
    };

    (void)state;
    for (size_t i = 0; i < NTF_COUNT(rows); i++) {
        struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
        struct ntf_kmt *maker = open_with(rows[i].maker, library_path(), rows[i].maker_rungs, verdicts);
        struct ntf_kmt *opener = open_with(rows[i].opener, library_path(), rows[i].opener_rungs, verdicts);
        struct ntf_child *other = ntf_child_start(rows[i].opener, rows[i].opener_rungs, NULL);
        struct ntf_object *made = made_by(maker, 3), *opened = NULL;
        const D3DKMT_HANDLE number = made->global;
        struct ntf_trace trace;
        ntf_handle nt = NULL;

        assert_int_equal(ntf_kmt_open_global(opener, number, &opened, &trace), NTF_OK);
        assert_int_equal(made->rung, rows[i].made);
        assert_int_equal(opened->rung, rows[i].opened);
        assert_int_equal(opened->global, number);
        assert_true(ntf_object_value(opened) == 3);
        assert_int_equal(made->ops->share(made, NULL, NTF_ACCESS_ALL, &nt, NULL), NTF_E_INVALID);
        assert_int_equal(opened->ops->share(opened, NULL, NTF_ACCESS_ALL, &nt, NULL), NTF_E_INVALID);
        assert_null(nt);
        ntf_child_send(other, "%" PRIu32, number);
        ntf_child_expect(other, ntf_result_name(NTF_OK));
        made->ops->close(made);
        ntf_child_send(other, "4");
        assert_int_equal(wait_for(opened, 4), NTF_OK);
        ntf_child_expect(other, "signalled");
        opened->ops->close(opened);
        assert_int_equal(ntf_kmt_open_global(opener, number, &opened, &trace), NTF_OK); /* from the child */
        assert_int_equal(opened->ops->signal(opened, 5, NULL), NTF_OK);
        assert_true(ntf_object_value(opened) == 5);
        opened->ops->close(opened);
        assert_int_equal(ntf_child_wait(other), 0);
        assert_int_equal(ntf_kmt_open_global(opener, number, &opened, &trace), NTF_E_NOT_FOUND);
        ntf_kmt_close(opener);
        ntf_kmt_close(maker);
    }
}

/* Behind the number lies something without a value. */
static void no_fence(void **state)
{
    struct ntf_verdict verdicts[NTF_PROVIDER_COUNT];
    struct ntf_kmt *soft = open_with("soft", "", "", verdicts);
    struct ntf_kmt *kernel = open_with("system", library_path(), "monitored", verdicts);
    struct producer producer;
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;

    (void)state;
    producer_begin(&producer, library_path());
    memset(&create, 0, sizeof create);
    create.hDevice = producer.device;
    create.Info.Type = D3DDDI_SYNCHRONIZATION_MUTEX;
    create.Info.Flags = NTF_SYNC_SHARED;
    assert_int_equal(producer.kernel.CreateSynchronizationObject2(&create), NTF_STATUS_SUCCESS);
    producer.fence = create.hSyncObject;
    expect_refused(soft, create.Info.SharedHandle, NTF_E_WRONG_OBJECT,
                   "global open: soft C0000024 a legacy synchronization object, which has no value");
    expect_refused(kernel, create.Info.SharedHandle, NTF_E_UNSUPPORTED,
                   "global open: kernel 00000000 success without a CPU address");
    producer_end(&producer);
    ntf_kmt_close(kernel);
    ntf_kmt_close(soft);
}

int main(int argc, char **argv)
{
    const char *role = ntf_test_role(argc, argv);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_of_soft), cmocka_unit_test(proof), cmocka_unit_test(rungs),
        cmocka_unit_test(across),        cmocka_unit_test(no_fence),
    };

    if (role)
        return child(role);
    return ntf_test_run("kmt-global", tests, NTF_COUNT(tests), NULL, NULL);
}
